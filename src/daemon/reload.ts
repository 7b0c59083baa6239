import type { Clock } from '../base/clock.ts';
import { messageOf, PromvisorError } from '../base/errors.ts';
import { begin, finished, newRollout } from '../core/rollout.ts';
import type { AppSpec } from '../core/spec.ts';
import type { ReloadCause } from '../core/states.ts';
import type { ReloadResult } from '../metrics/contract.ts';
import type { Bus } from './bus.ts';
import { appKey, type Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';
import { awaitReloaded, awaitUp, type Outcome } from './waiting.ts';

export interface ReloadRequest {
  readonly cause: ReloadCause;
  /** Instances of one app that are replaced at once. */
  readonly parallel: number;
  /** What the new process of an instance is made from; as the old one when left out. */
  readonly specFor?: (instance: Instance) => AppSpec;
}

export type TriggerCause = 'cron' | 'watch';

/** Told of each instance when it is done. */
export type OnReloaded = (instance: Instance, outcome: Outcome) => void;

/** Replaces processes without a gap: the new one proves itself before the old one retires. */
export interface Reloads {
  /** @throws PromvisorError RELOAD_IN_PROGRESS when an app of these instances is being reloaded */
  refuse(instances: readonly Instance[]): void;
  /**
   * Reloads instances, those of one app in turn; the first failure of an app ends its reload.
   * @throws PromvisorError RELOAD_IN_PROGRESS naming the app, before anything is begun
   */
  run(instances: readonly Instance[], request: ReloadRequest, onReloaded: OnReloaded): Promise<void>;
  /** Schedule and file watch: apps in cluster mode are reloaded, others restarted. */
  onTrigger(instances: readonly Instance[], cause: TriggerCause): void;
  /** A process has more memory than its limit: in cluster mode it is replaced first and goes then. */
  onMemoryExceeded(instance: Instance, generation: number, rssBytes: number): void;
}

export interface ReloadsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: DaemonLog;
  /** Told of the end of each reload of an app. */
  readonly onOver: (app: Instance, result: ReloadResult, durationMs: number) => void;
  /** Told of a trigger that replaced nothing, as an earlier restart or reload of the app is not over. */
  readonly onSkipped: (app: Instance, cause: TriggerCause) => void;
}

const NOT_BEGUN: Outcome = { ok: false, message: 'left as it is: the reload was aborted' };
const FORK_MODE = 'stopped and started: only cluster mode reloads without a gap';

export function createReloads(options: ReloadsOptions): Reloads {
  const { clock, log } = options;
  const busy = new Set<string>();

  function refuse(instances: readonly Instance[]): void {
    const taken = [...byApp(instances)].find(([key]) => busy.has(key));
    if (taken !== undefined) throw inProgress(taken[1]);
  }

  async function run(instances: readonly Instance[], request: ReloadRequest, onReloaded: OnReloaded): Promise<void> {
    const apps = [...byApp(instances)];
    refuse(instances);
    for (const [key] of apps) busy.add(key);
    const runs = apps.map(([key, members]) => runApp(members, request, onReloaded).finally(() => busy.delete(key)));
    await Promise.all(runs);
  }

  async function runApp(members: readonly Instance[], request: ReloadRequest, onReloaded: OnReloaded): Promise<void> {
    const startedMs = clock.nowMs();
    const waiting = new Map(members.map((instance) => [instance.id, instance]));
    let rollout = newRollout([...waiting.keys()], request.parallel);
    let result: ReloadResult = 'done';
    const finish = (instance: Instance, outcome: Outcome) => {
      if (!outcome.ok) result = 'aborted';
      waiting.delete(instance.id);
      onReloaded(instance, outcome);
    };
    const advance = async (): Promise<void> => {
      const step = begin(rollout);
      rollout = step.rollout;
      const begun = members.filter(({ id }) => step.ids.includes(id));
      await Promise.all(
        begun.map(async (instance) => {
          const outcome = await replace(instance, request);
          const { ok, message } = outcome;
          rollout = finished(rollout, instance.id, ok ? { ok: true } : { ok: false, message: message ?? '' });
          finish(instance, outcome);
          await advance();
        }),
      );
    };
    await advance();
    for (const instance of waiting.values()) finish(instance, NOT_BEGUN);
    const [app] = members;
    if (app !== undefined) options.onOver(app, result, clock.nowMs() - startedMs);
  }

  async function replace(instance: Instance, { cause, specFor }: ReloadRequest): Promise<Outcome> {
    const spec = specFor?.(instance) ?? instance.spec;
    if (isClustered(spec) && isRunning(instance)) return surge(instance, spec, cause);
    instance.spec = spec;
    instance.post({ type: 'restart', cause: 'requested' });
    const outcome = await awaitUp(instance, options);
    return outcome.ok && !isClustered(spec) ? { ok: true, message: FORK_MODE } : outcome;
  }

  async function surge(instance: Instance, spec: AppSpec, cause: ReloadCause): Promise<Outcome> {
    try {
      await instance.logs.prepareSecond();
    } catch (error) {
      return { ok: false, message: messageOf(error) };
    }
    if (!isRunning(instance)) return { ok: false, message: 'not running any more' };
    instance.nextSpec = spec;
    instance.post({ type: 'reload', cause });
    return awaitReloaded(instance, options);
  }

  function report(instance: Instance, { ok, message }: Outcome): void {
    if (!ok) log.warn({ id: instance.id, app: instance.spec.name, problem: message }, 'not reloaded');
  }

  function skip([app]: readonly Instance[], cause: TriggerCause): void {
    if (app === undefined) return;
    log.warn({ app: app.spec.name, cause }, 'trigger skipped: an earlier restart or reload is not over');
    options.onSkipped(app, cause);
  }

  return {
    refuse,
    run,
    onTrigger(instances, cause) {
      const rolls = instances.some((instance) => isClustered(instance.spec) && isRunning(instance));
      if (!rolls) {
        const up = instances.filter(isWanted);
        if (up.length > 0 && up.every(isGoing)) skip(up, cause);
        for (const instance of instances) instance.post({ type: 'restart', cause });
        return;
      }
      // What is down stays as the trigger would leave it; what runs is replaced in turn.
      const running = instances.filter(isRunning);
      run(running, { cause, parallel: 1 }, report).catch((error: unknown) => {
        if (error instanceof PromvisorError && error.code === 'RELOAD_IN_PROGRESS') skip(running, cause);
        else log.error({ app: instances[0]?.spec.name, cause, err: error }, 'trigger failed');
      });
    },
    onMemoryExceeded(instance, generation, rssBytes) {
      const exceeded = { type: 'memory_exceeded', generation, rssBytes } as const;
      if (!isClustered(instance.spec) || !isRunning(instance)) return instance.post(exceeded);
      // Its replacement is under way.
      if (instance.state.beside !== null) return;
      void surge(instance, instance.spec, 'memory_limit').then((outcome) => {
        report(instance, outcome);
        // A limit is kept even where no replacement comes up.
        if (!outcome.ok) instance.post(exceeded);
      });
    },
  };
}

function isRunning({ state }: Instance): boolean {
  return state.phase.status === 'running';
}

/** Not stopped by a person, nor about to be. */
function isWanted({ state: { phase } }: Instance): boolean {
  return phase.status === 'stopping' ? phase.next !== 'stopped' : phase.status !== 'stopped';
}

/** The process that an earlier restart ended is still there: the one that comes after it is all there will be. */
function isGoing({ state: { phase } }: Instance): boolean {
  return phase.status === 'stopping' && phase.next === 'starting';
}

function isClustered({ process }: Instance['spec']): boolean {
  return process.execMode === 'cluster';
}

function byApp(instances: readonly Instance[]): Map<string, Instance[]> {
  const apps = new Map<string, Instance[]>();
  for (const instance of instances) {
    const key = appKey(instance.spec);
    apps.set(key, [...(apps.get(key) ?? []), instance]);
  }
  return apps;
}

function inProgress([first]: readonly Instance[]): PromvisorError {
  const app = first?.spec.name ?? '';
  return new PromvisorError('RELOAD_IN_PROGRESS', `app "${app}" is being reloaded already; try again when it is done`, {
    details: { app },
  });
}
