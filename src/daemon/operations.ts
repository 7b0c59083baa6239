import type { Progress } from '../api/contract.ts';
import type { Clock } from '../base/clock.ts';
import type { Bus } from './bus.ts';
import type { Fleet } from './fleet.ts';
import { appKey, type Instance, type LiveProcess } from './instance.ts';
import type { Triggers } from './triggers.ts';
import { awaitDown, awaitUp, type Outcome, progressOf } from './waiting.ts';

/** Where the answer to a command goes. */
export type Report = (progress: Progress) => void;

/** What a command does to one instance, until it is at rest. */
export type Operation = (instance: Instance) => Promise<Outcome>;

export interface Operations {
  readonly start: Operation;
  readonly restart: Operation;
  readonly stop: Operation;
  /** Stops it and takes it off the list. */
  readonly remove: Operation;
  /** Lets it finish what it serves, then removes it: others go on serving. */
  readonly retire: Operation;
  readonly reset: Operation;
}

export interface OperationsOptions {
  readonly fleet: Fleet;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly triggers: Triggers;
  /** Lets a process finish what it serves, as far as it can. */
  readonly drain: (process: LiveProcess, deadlineMs: number) => Promise<void>;
  /** Told of an instance that is no longer on the list; waited for, as what goes with it is to be gone too. */
  readonly onRemoved: (instance: Instance) => Promise<void>;
}

export function createOperations(options: OperationsOptions): Operations {
  const start: Operation = (instance) => {
    instance.post({ type: 'start' });
    return awaitUp(instance, options);
  };
  const restart: Operation = (instance) => {
    instance.post({ type: 'restart', cause: 'requested' });
    return awaitUp(instance, options);
  };
  const stop: Operation = (instance) => {
    instance.post({ type: 'stop' });
    return awaitDown(instance, options);
  };
  const remove: Operation = async (instance) => {
    const outcome = await stop(instance);
    if (!outcome.ok) return outcome;
    await options.fleet.remove(instance);
    await options.onRemoved(instance);
    await options.triggers.reconcile(appKey(instance.spec));
    return outcome;
  };
  const retire: Operation = async (instance) => {
    const { process, spec } = instance;
    if (process !== null && !process.exited) await options.drain(process, spec.policy.killTimeoutMs);
    return remove(instance);
  };
  const reset: Operation = async (instance) => {
    instance.post({ type: 'reset' });
    return { ok: true, message: null };
  };
  return { start, restart, stop, remove, retire, reset };
}

/**
 * Runs one operation on many instances side by side and reports each as it comes to rest.
 * @param instances in the order in which they are told
 * @param operation what is done to each
 * @param report told of the beginning, of each, and of the end
 * @param parallel how many at once
 */
export async function runAll(
  instances: readonly Instance[],
  operation: Operation,
  report: Report,
  parallel = instances.length,
): Promise<void> {
  const tally = beginReport(instances, report);
  const waiting = instances.values();
  const workers = Array.from({ length: Math.min(parallel, instances.length) }, async () => {
    for (const instance of waiting) tally.done(instance, await operation(instance));
  });
  await Promise.all(workers);
  tally.end();
}

/**
 * Begins the answer to a command.
 * @param instances all that it is about
 * @param report where the answer goes
 * @returns told of each instance that is done, and of the end
 */
export function beginReport(
  instances: readonly Instance[],
  report: Report,
): { done(instance: Instance, outcome: Outcome): void; end(): void } {
  let failed = 0;
  report({ type: 'begin', total: instances.length });
  return {
    done(instance, outcome) {
      if (!outcome.ok) failed++;
      report(progressOf(instance, outcome));
    },
    end: () => report({ type: 'end', ok: failed === 0, ids: instances.map(({ id }) => id), failed }),
  };
}
