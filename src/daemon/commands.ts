import type { ActionRequest, Progress, StartRequest } from '../api/contract.ts';
import type { Clock } from '../base/clock.ts';
import { PromvisorError } from '../base/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Bus } from './bus.ts';
import type { Fleet } from './fleet.ts';
import { appKey, type Instance } from './instance.ts';
import { selectInstances } from './targets.ts';
import type { Triggers } from './triggers.ts';
import { awaitDown, awaitUp, type Outcome, progressOf } from './waiting.ts';

export type Report = (progress: Progress) => void;

export interface Commands {
  /** Adds apps and starts them, or restarts those that exist already. */
  start(request: StartRequest, report: Report): Promise<void>;
  act(request: ActionRequest, report: Report): Promise<void>;
  /** Stops everything and takes it off the list. */
  clear(report: Report): Promise<void>;
}

export interface CommandsOptions {
  readonly fleet: Fleet;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly triggers: Triggers;
  /** Told of an instance that is no longer on the list. */
  readonly onRemoved: (instance: Instance) => void;
}

type Operation = (instance: Instance) => Promise<Outcome>;

export function createCommands(options: CommandsOptions): Commands {
  const { fleet, triggers } = options;

  const up = (instance: Instance, command: { type: 'start' } | { type: 'restart'; cause: 'requested' }) => {
    instance.post(command);
    return awaitUp(instance, options);
  };
  const start: Operation = (instance) => up(instance, { type: 'start' });
  const restart: Operation = (instance) => up(instance, { type: 'restart', cause: 'requested' });
  const stop: Operation = (instance) => {
    instance.post({ type: 'stop' });
    return awaitDown(instance, options);
  };
  const remove: Operation = async (instance) => {
    const outcome = await stop(instance);
    if (!outcome.ok) return outcome;
    await fleet.remove(instance);
    options.onRemoved(instance);
    await triggers.reconcile(appKey(instance.spec));
    return outcome;
  };
  const reset: Operation = async (instance) => {
    instance.post({ type: 'reset' });
    return { ok: true, message: null };
  };
  const operations: Record<ActionRequest['action'], Operation> = { start, stop, restart, delete: remove, reset };

  return {
    async start(request, report) {
      for (const spec of request.apps) refuse(spec, request.onExisting, fleet);
      // Side by side, so that one mkfifo makes the pipes of all; ids are given in the order of the request all the same.
      const plans = (await Promise.all(request.apps.map((spec) => plan(spec, request.onExisting, fleet)))).flat();
      await Promise.all(request.apps.map((spec) => triggers.reconcile(appKey(spec))));
      const wanted = plans.filter(({ instance, fresh }) => !fresh || instance.spec.policy.autostart);
      const known = new Set(plans.filter(({ fresh }) => !fresh).map(({ instance }) => instance));
      const instances = wanted.map(({ instance }) => instance);
      await runAll(instances, (instance) => (known.has(instance) ? restart(instance) : start(instance)), report);
    },
    async act(request, report) {
      const instances = selectInstances(request.targets, fleet.all());
      for (const instance of instances) applyChanges(instance, request);
      const keys = new Set(instances.map(({ spec }) => appKey(spec)));
      if (request.watch !== undefined) for (const key of keys) await triggers.reconcile(key);
      await runAll(instances, operations[request.action], report);
    },
    clear: (report) => runAll(fleet.all(), remove, report),
  };
}

interface Plan {
  readonly instance: Instance;
  /** True for an instance that this command made. */
  readonly fresh: boolean;
}

/** Everything is looked at before anything is changed. */
function refuse(spec: AppSpec, onExisting: StartRequest['onExisting'], fleet: Fleet): void {
  if (spec.process.execMode === 'cluster') {
    throw new PromvisorError(
      'NOT_SUPPORTED',
      `exec_mode: cluster mode is not there yet, expected "fork" (app "${spec.name}"); use exec_mode "fork" with instances 1`,
      { details: { app: spec.name } },
    );
  }
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
  const missing = Math.max(0, spec.process.instances - existing.length);
  const added = await fleet.add(spec, missing);
  return [
    ...existing.map((instance) => ({ instance, fresh: false })),
    ...added.map((instance) => ({ instance, fresh: true })),
  ];
}

/** `--update-env` and `--watch` change the spec before the command. */
function applyChanges(instance: Instance, request: ActionRequest): void {
  const { spec } = instance;
  if (request.env !== undefined) {
    instance.spec = { ...spec, process: { ...spec.process, env: { ...spec.process.env, ...request.env } } };
  }
  if (request.watch === undefined) return;
  const on = request.watch === 'toggle' && spec.triggers.watch === null;
  const watch = on ? { paths: [spec.process.cwd], ignore: [], delayMs: 0, usePolling: false, intervalMs: 100 } : null;
  instance.spec = { ...instance.spec, triggers: { ...spec.triggers, watch } };
}

/** Runs one operation on many instances side by side and reports each as it comes to rest. */
async function runAll(instances: readonly Instance[], operation: Operation, report: Report): Promise<void> {
  report({ type: 'begin', total: instances.length });
  let failed = 0;
  await Promise.all(
    instances.map(async (instance) => {
      const outcome = await operation(instance);
      if (!outcome.ok) failed++;
      report(progressOf(instance, outcome));
    }),
  );
  report({ type: 'end', ok: failed === 0, ids: instances.map(({ id }) => id), failed });
}
