import type { ExitReason, ExitRecord } from '../../src/core/exit.ts';
import type { InstanceState, Transition } from '../../src/core/states.ts';
import type { Moment, Watcher } from './world.ts';

/** A law watches one history; it throws where the history breaks it. */
export interface Law {
  readonly says: string;
  watch(): Watcher;
}

/**
 * Ends the history: the law is broken.
 * @param what what is wrong
 * @param moment the step that shows it, where there is one
 */
export function broken(what: string, moment?: Moment): never {
  const where = moment ? ` at ${moment.nowMs} ms: ${JSON.stringify(moment)}` : '';
  throw new Error(`${what}${where}`);
}

export function holds(truth: boolean, what: string, moment?: Moment): void {
  if (!truth) broken(what, moment);
}

export function ignore(): void {}

/** What this step told, of the instance and of the process beside its main one. */
export function told(moment: Moment): readonly Transition[] {
  return moment.effects.flatMap((effect) => (effect.type === 'publish' ? [effect.transition] : []));
}

/** The moves of the instance that this step told. */
export function published(moment: Moment): readonly Transition[] {
  return told(moment).filter(({ beside }) => !beside);
}

/** The timers that a state waits for. */
export function armedIn({ phase, beside }: InstanceState): readonly number[] {
  const own = 'timerId' in phase ? phase.timerId : null;
  return [own, beside?.timerId ?? null].filter((timerId) => timerId !== null);
}

/** The fact is one of the process beside the main one. */
export function isOfBeside({ before, event }: Moment): boolean {
  const { beside } = before;
  if (beside === null) return false;
  if (event.type === 'timer') return event.timerId === beside.timerId;
  return 'generation' in event && event.generation === beside.generation;
}

/** The main process dies by itself while a candidate is there. */
export function isTakeover({ before, event }: Moment): boolean {
  const { phase, beside, generation } = before;
  const dies = event.type === 'exited' && event.generation === generation && phase.status === 'running';
  return dies && beside?.role === 'candidate';
}

/** The settle time of the candidate is over. */
export function isPromotion(moment: Moment): boolean {
  const { beside } = moment.before;
  const settling = beside?.role === 'candidate' && beside.readyAtMs !== null;
  return settling && moment.event.type === 'timer' && isOfBeside(moment);
}

export function sum(record: Readonly<Record<ExitReason, number>>): number {
  return Object.values(record).reduce((total, count) => total + count, 0);
}

/** The record of the death that this step counted, or null. */
export function deathIn({ before, after }: Moment): ExitRecord | null {
  return sum(after.counters.exits) > sum(before.counters.exits) ? after.lastExit : null;
}
