import type { ActionRequest, ScaleRequest, StartRequest } from '../api/contract.ts';
import { PromvisorError } from '../base/errors.ts';
import { planScale } from '../core/scale.ts';
import type { AppSpec } from '../core/spec.ts';
import { specChanger } from './changed-spec.ts';
import type { DumpEntry } from './dump/dump-file.ts';
import type { Fleet } from './fleet.ts';
import { appKey, type Instance } from './instance.ts';
import {
  beginReport,
  createOperations,
  type Operation,
  type OperationsOptions,
  type Report,
  runAll,
} from './operations.ts';
import type { Reloads } from './reload.ts';
import { selectInstances } from './targets.ts';

export interface Commands {
  /** Adds apps and starts them; those that exist already are restarted or reloaded. */
  start(request: StartRequest, report: Report): Promise<void>;
  act(request: ActionRequest, report: Report): Promise<void>;
  /** Changes how many instances an app has. */
  scale(request: ScaleRequest, report: Report): Promise<void>;
  /** Adds instances where they were before, and starts those that are to be up. */
  restore(entries: readonly DumpEntry[], report: Report): Promise<void>;
  /** Stops everything and takes it off the list. */
  clear(report: Report): Promise<void>;
}

export interface CommandsOptions extends OperationsOptions {
  readonly reloads: Reloads;
  /** Everything is about to be taken off the list. */
  readonly onClear: () => void;
}

export function createCommands(options: CommandsOptions): Commands {
  const { fleet, triggers, reloads } = options;
  const { start, restart, stop, remove, retire, reset } = createOperations(options);
  const operations: Record<Exclude<ActionRequest['action'], 'reload'>, Operation> = {
    start,
    stop,
    restart,
    delete: remove,
    reset,
  };

  async function startOrReload({ apps, parallel = 1 }: StartRequest, report: Report): Promise<void> {
    const specs = apps.map((spec) => ({ spec, existing: fleet.ofApp(appKey(spec)) }));
    const known = specs.flatMap(({ existing }) => existing);
    // Before anything is added.
    reloads.refuse(known);
    const added = (
      await Promise.all(specs.map(({ spec, existing }) => addMissing(spec, existing.length, fleet)))
    ).flat();
    const bySpec = new Map(
      specs.flatMap(({ spec, existing }) => existing.map((instance) => [instance, spec] as const)),
    );
    const specFor = (instance: Instance) => bySpec.get(instance) ?? instance.spec;
    const fresh = added.filter(({ spec }) => spec.policy.autostart);
    const tally = beginReport([...known, ...fresh], report);
    await Promise.all([
      reloads.run(known, { cause: 'requested', parallel, specFor }, tally.done),
      ...fresh.map(async (instance) => tally.done(instance, await start(instance))),
    ]);
    await Promise.all(specs.map(({ spec }) => triggers.reconcile(appKey(spec))));
    tally.end();
  }

  async function reload(
    instances: readonly Instance[],
    { change, request }: { readonly change: Change; readonly request: ActionRequest },
    report: Report,
  ): Promise<void> {
    const specs = changedSpecs(instances, change);
    const specFor = (instance: Instance) => specs.get(instance) ?? instance.spec;
    const tally = beginReport(instances, report);
    await reloads.run(instances, { cause: 'requested', parallel: request.parallel ?? 1, specFor }, tally.done);
    if (request.changes !== undefined) await reconcile(instances);
    tally.end();
  }

  async function reconcile(instances: readonly Instance[]): Promise<void> {
    for (const key of new Set(instances.map(({ spec }) => appKey(spec)))) await triggers.reconcile(key);
  }

  return {
    async start(request, report) {
      for (const spec of request.apps) refuse(spec, request.onExisting, fleet);
      if (request.onExisting === 'reload') return startOrReload(request, report);
      // Side by side, so that one mkfifo makes the pipes of all; ids are given in the order of the request all the same.
      const plans = (await Promise.all(request.apps.map((spec) => plan(spec, request.onExisting, fleet)))).flat();
      await Promise.all(request.apps.map((spec) => triggers.reconcile(appKey(spec))));
      const wanted = plans.filter(({ instance, fresh }) => !fresh || instance.spec.policy.autostart);
      const known = new Set(plans.filter(({ fresh }) => !fresh).map(({ instance }) => instance));
      const instances = wanted.map(({ instance }) => instance);
      await runAll(instances, (instance) => (known.has(instance) ? restart(instance) : start(instance)), report);
    },
    async act(request, report) {
      const change = await specChanger(request);
      const instances = selectInstances(request.targets, fleet.all());
      if (request.action === 'reload') return reload(instances, { change, request }, report);
      // All are checked before any is changed.
      for (const [instance, spec] of changedSpecs(instances, change)) instance.spec = watched(spec, request.watch);
      if (request.watch !== undefined || request.changes !== undefined) await reconcile(instances);
      await runAll(instances, operations[request.action], report, request.parallel);
    },
    async scale(request, report) {
      const { spec, instances } = oneApp(request.target, fleet);
      const scaled = planScale(request.count, instances);
      if ('error' in scaled) throw new PromvisorError('REQUEST_INVALID', scaled.error);
      const removed = 'remove' in scaled ? scaled.remove : [];
      const added = 'add' in scaled ? await fleet.add(spec, scaled.add) : [];
      const count = instances.length + added.length - removed.length;
      for (const instance of [...instances, ...added]) {
        instance.spec = { ...instance.spec, process: { ...instance.spec.process, instances: count } };
      }
      if (added.length > 0) return runAll(added, start, report);
      await runAll(
        instances.filter(({ id }) => removed.includes(id)),
        retire,
        report,
      );
    },
    async restore(entries, report) {
      const { parseSpec } = await import('../config/wire.ts');
      // Checked before anything is added; instances of one app share its spec.
      const specs = new Map(entries.map(({ spec }) => [spec, parseSpec(spec)] as const));
      const seats = entries.flatMap(({ spec, id, slot }) => {
        const checked = specs.get(spec);
        return checked === undefined ? [] : [{ spec: checked, id, slot }];
      });
      const placed = await fleet.place(seats);
      const wanted = new Set(placed.filter((_, at) => entries[at]?.wanted === true));
      await Promise.all([...new Set(seats.map(({ spec }) => appKey(spec)))].map((key) => triggers.reconcile(key)));
      const rest = { ok: true, message: 'stays stopped, as it was' };
      await runAll(placed, async (instance) => (wanted.has(instance) ? start(instance) : rest), report);
    },
    clear(report) {
      options.onClear();
      return runAll(fleet.all(), remove, report);
    },
  };
}

interface Plan {
  readonly instance: Instance;
  /** True for an instance that this command made. */
  readonly fresh: boolean;
}

/** Everything is looked at before anything is changed. */
function refuse(spec: AppSpec, onExisting: StartRequest['onExisting'], fleet: Fleet): void {
  if (onExisting !== 'refuse') return;
  const up = fleet.ofApp(appKey(spec)).some(({ state }) => !isDown(state.phase.status));
  if (up) {
    throw new PromvisorError(
      'ALREADY_RUNNING',
      `app "${spec.name}" is already running; restart it, or add -f to start another`,
      {
        details: { app: spec.name },
      },
    );
  }
}

function isDown(status: string): boolean {
  return status === 'stopped' || status === 'exited' || status === 'fatal';
}

/** Finds or makes the instances that a spec asks for. */
async function plan(spec: AppSpec, onExisting: StartRequest['onExisting'], fleet: Fleet): Promise<Plan[]> {
  const existing = onExisting === 'add' ? [] : fleet.ofApp(appKey(spec));
  for (const instance of existing) instance.spec = spec;
  const added = await addMissing(spec, existing.length, fleet);
  return [
    ...existing.map((instance) => ({ instance, fresh: false })),
    ...added.map((instance) => ({ instance, fresh: true })),
  ];
}

function addMissing(spec: AppSpec, present: number, fleet: Fleet): Promise<readonly Instance[]> {
  return fleet.add(spec, Math.max(0, spec.process.instances - present));
}

/** The one app that a target means, with all its instances. */
function oneApp(target: string, fleet: Fleet): { readonly spec: AppSpec; readonly instances: readonly Instance[] } {
  const keys = new Set(selectInstances([target], fleet.all()).map(({ spec }) => appKey(spec)));
  const [key] = keys;
  const instances = key === undefined ? [] : fleet.ofApp(key);
  const [first] = instances;
  if (first === undefined || keys.size > 1) {
    throw new PromvisorError('REQUEST_INVALID', `scale: expected a target that means one app, got "${target}"`, {
      details: { apps: [...keys] },
    });
  }
  return { spec: first.spec, instances };
}

type Change = (spec: AppSpec) => AppSpec;

function changedSpecs(instances: readonly Instance[], change: Change): ReadonlyMap<Instance, AppSpec> {
  return new Map(instances.map((instance) => [instance, change(instance.spec)]));
}

/** `--watch` turns watching on or off. */
function watched(spec: AppSpec, wish: ActionRequest['watch']): AppSpec {
  if (wish === undefined) return spec;
  const on = wish === 'toggle' && spec.triggers.watch === null;
  const watch = on ? { paths: [spec.process.cwd], ignore: [], delayMs: 0, usePolling: false, intervalMs: 100 } : null;
  return { ...spec, triggers: { ...spec.triggers, watch } };
}
