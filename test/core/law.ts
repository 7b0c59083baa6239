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

export function published(moment: Moment): readonly Transition[] {
  return moment.effects.flatMap((effect) => (effect.type === 'publish' ? [effect.transition] : []));
}

export function armedIn(state: InstanceState): number | null {
  return 'timerId' in state.phase ? state.phase.timerId : null;
}

export function sum(record: Readonly<Record<ExitReason, number>>): number {
  return Object.values(record).reduce((total, count) => total + count, 0);
}

/** The record of the death that this step counted, or null. */
export function deathIn({ before, after }: Moment): ExitRecord | null {
  return sum(after.counters.exits) > sum(before.counters.exits) ? after.lastExit : null;
}
