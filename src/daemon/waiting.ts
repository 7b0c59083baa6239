import type { Progress } from '../api/contract.ts';
import type { Clock } from '../base/clock.ts';
import type { ExitRecord } from '../core/exit.ts';
import { tellingLines } from '../core/last-words.ts';
import { runsNode } from '../os/spawn.ts';
import type { Bus } from './bus.ts';
import type { Instance } from './instance.ts';

export interface Outcome {
  readonly ok: boolean;
  readonly message: string | null;
  /** The last lines of a process that failed. */
  readonly lastLines?: readonly string[];
}

/** An interpreter needs about this long to load a program that is going to fail: until then a start is not believed. */
const SETTLE_MS = 500;
/** A shell or Python script fails sooner than a Node program, a native program at once. */
const SETTLE_SCRIPT_MS = 60;
const PATIENCE_MS = 10_000;

/**
 * Waits until an instance that was told to start is up, or is known not to be.
 * @param instance which was given the command just now
 * @param options bus and clock
 * @returns ok when its process is ready and outlived the moment in which a broken program dies, or ended well by itself
 */
export function awaitUp(instance: Instance, options: { readonly bus: Bus; readonly clock: Clock }): Promise<Outcome> {
  const settleMs = settleOf(instance);
  let firstUp: number | null = null;
  let cancelSettle: (() => void) | null = null;
  return awaitOutcome(instance, options, (done) => {
    const { phase, generation, lastExit } = instance.state;
    switch (phase.status) {
      case 'running':
        if (firstUp !== null && generation !== firstUp) return died(lastExit, 'was started again');
        firstUp = generation;
        if (settleMs === 0) return { ok: true, message: null };
        cancelSettle?.();
        cancelSettle = options.clock.after(settleMs, () => done({ ok: true, message: null }));
        return null;
      case 'backoff':
        return died(lastExit, `starts again in ${(phase.delayMs / 1000).toFixed(1)} s`);
      case 'fatal':
        return died(lastExit, 'given up');
      case 'exited':
        return lastExit?.reason === 'clean' ? { ok: true, message: 'ended with code 0' } : died(lastExit, 'stays down');
      case 'stopped':
        return { ok: false, message: 'stopped meanwhile' };
      case 'starting':
        // A process died and was replaced at once: that start failed, whatever becomes of the next.
        if (firstUp !== null && generation !== firstUp) return died(lastExit, 'was started again');
        return null;
      case 'stopping':
        return null;
      default:
        return phase satisfies never;
    }
  }).finally(() => cancelSettle?.());
}

/**
 * Waits until an instance that was told to stop rests.
 * @param instance which was given the command just now
 * @param options bus and clock
 * @returns ok when it is stopped
 */
export function awaitDown(instance: Instance, options: { readonly bus: Bus; readonly clock: Clock }): Promise<Outcome> {
  return awaitOutcome(instance, options, () => {
    const { status } = instance.state.phase;
    return status === 'stopped' ? { ok: true, message: null } : null;
  });
}

/**
 * Waits until a reload of an instance is over.
 * @param instance which was given the command just now
 * @param options bus and clock
 * @returns ok when the new process took over and the old one is gone
 */
export function awaitReloaded(
  instance: Instance,
  options: { readonly bus: Bus; readonly clock: Clock },
): Promise<Outcome> {
  const candidate = instance.state.beside?.generation ?? instance.state.newest;
  const { listenTimeoutMs } = (instance.nextSpec ?? instance.spec).policy;
  return awaitOutcome(instance, options, () => {
    const { phase, generation, beside, lastExit } = instance.state;
    const tookOver = generation === candidate;
    if (tookOver && phase.status === 'running') return beside === null ? { ok: true, message: null } : null;
    if (tookOver && phase.status === 'starting') return null;
    if (beside?.generation === candidate && beside.role === 'candidate') return null;
    const late = beside?.generation === candidate ? beside.cause : lastExit?.reason;
    if (late === 'ready_timeout')
      return failed(instance, candidate, `the new process was not ready after ${listenTimeoutMs} ms`);
    if (beside?.generation === candidate || lastExit?.generation !== candidate) return stoppedMeanwhile();
    return failed(instance, candidate, `the new process ${died(lastExit, 'the old one stays').message}`);
  });
}

function stoppedMeanwhile(): Outcome {
  return { ok: false, message: 'told otherwise meanwhile' };
}

/** Lines that say why a new process failed, and among how many they are looked for. */
const LAST_LINES = 5;
const SEARCHED_LINES = 40;

function failed({ logs }: Instance, generation: number, message: string): Outcome {
  const said = (['error', 'out'] as const).map((stream) => logs.lastLines(stream, SEARCHED_LINES, generation));
  const lines = said.find((candidate) => candidate.length > 0) ?? [];
  return { ok: false, message, lastLines: tellingLines(lines, LAST_LINES) };
}

function awaitOutcome(
  instance: Instance,
  { bus, clock }: { readonly bus: Bus; readonly clock: Clock },
  look: (done: (outcome: Outcome) => void) => Outcome | null,
): Promise<Outcome> {
  const { killTimeoutMs, listenTimeoutMs, minUptimeMs } = (instance.nextSpec ?? instance.spec).policy;
  const boundMs = 4 * killTimeoutMs + listenTimeoutMs + Math.min(minUptimeMs, PATIENCE_MS) + PATIENCE_MS;
  return new Promise((resolve) => {
    const done = (outcome: Outcome) => {
      unsubscribe();
      cancelBound();
      resolve(outcome);
    };
    const check = () => {
      const outcome = look(done);
      if (outcome !== null) done(outcome);
    };
    const unsubscribe = bus.subscribe((changed) => {
      // Looked at after the whole step, when no fact is waiting any more.
      if (changed === instance) queueMicrotask(check);
    });
    const cancelBound = clock.after(boundMs, () => done({ ok: false, message: `not at rest after ${boundMs} ms` }));
    check();
  });
}

function died(exit: ExitRecord | null, then: string): Outcome {
  if (exit === null) return { ok: false, message: then };
  if (exit.message !== null) return { ok: false, message: `${exit.message}; ${then}` };
  const how = exit.signal === null ? `code ${exit.code ?? 'unknown'}` : exit.signal;
  return { ok: false, message: `died: ${exit.reason} (${how}) after ${Math.round(exit.uptimeMs)} ms; ${then}` };
}

function settleOf(instance: Instance): number {
  const { process, policy } = instance.spec;
  if (policy.waitReady || (process.interpreter === 'none' && !process.shellLine)) return 0;
  return runsNode(process) ? SETTLE_MS : SETTLE_SCRIPT_MS;
}

/**
 * The line of one instance in the answer to a command.
 * @param instance after the command
 * @param outcome how it went
 */
export function progressOf(instance: Instance, outcome: Outcome): Extract<Progress, { type: 'instance' }> {
  const { id, slot, spec, state } = instance;
  const pid = 'pid' in state.phase ? state.phase.pid : null;
  const { ok, message, lastLines = [] } = outcome;
  return { type: 'instance', id, app: spec.name, slot, ok, message, lastLines, status: state.phase.status, pid };
}
