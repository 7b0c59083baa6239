import type { ExitStatus } from '../../src/core/exit.ts';
import { newInstance, step } from '../../src/core/machine.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import type { Effect, InstanceEvent, InstanceState, Phase, Status, Transition } from '../../src/core/states.ts';
import { DEFAULTS } from './policy.ts';

/** One instance and a clock, for examples that are told step by step. Jitter is 0. */
export interface OneInstance {
  readonly state: InstanceState;
  readonly status: Status;
  readonly phase: Phase;
  /** Effects of the latest step, without those that publish. */
  readonly effects: readonly Exclude<Effect, { type: 'publish' }>[];
  /** Everything published so far. */
  readonly transitions: readonly Transition[];
  /** Delays of the timers armed so far, in ms. */
  readonly delaysMs: readonly number[];
  pass(ms: number): void;
  changePolicy(changes: Partial<PolicySpec>): void;
  take(event: InstanceEvent): void;
  /** The newest process is there. */
  spawned(): void;
  /** The newest process dies, and nothing of it is left unless said otherwise. */
  exits(status: Partial<ExitStatus>, leftovers?: boolean): void;
  /** The armed timer fires, at its time. */
  timerFires(): void;
}

/**
 * Makes an instance that has never run.
 * @param changes what its policy has other than the defaults
 */
export function oneInstance(changes: Partial<PolicySpec> = {}): OneInstance {
  let policy = { ...DEFAULTS, ...changes };
  let nowMs = 0;
  let state = newInstance(nowMs);
  let effects: OneInstance['effects'] = [];
  const transitions: Transition[] = [];
  const delaysMs: number[] = [];
  const armed = new Map<number, number>();

  function take(event: InstanceEvent): void {
    const result = step(state, event, policy, { nowMs, jitter: 0 });
    state = result.state;
    effects = result.effects.filter((effect) => effect.type !== 'publish');
    for (const effect of result.effects) {
      if (effect.type === 'publish') transitions.push(effect.transition);
      if (effect.type === 'disarm') armed.delete(effect.timerId);
      if (effect.type !== 'arm') continue;
      delaysMs.push(effect.delayMs);
      armed.set(effect.timerId, nowMs + effect.delayMs);
    }
  }

  return {
    get state() {
      return state;
    },
    get status() {
      return state.phase.status;
    },
    get phase() {
      return state.phase;
    },
    get effects() {
      return effects;
    },
    transitions,
    delaysMs,
    pass(ms) {
      nowMs += ms;
    },
    changePolicy(later) {
      policy = { ...policy, ...later };
    },
    take,
    spawned() {
      take({ type: 'spawned', generation: state.generation, pid: 1_000 + state.generation });
    },
    exits(status, leftovers = false) {
      const exit = { code: null, signal: null, hint: null, ...status };
      take({ type: 'exited', generation: state.generation, exit, leftovers });
    },
    timerFires() {
      const timerId = 'timerId' in state.phase ? (state.phase.timerId ?? 0) : 0;
      const atMs = armed.get(timerId);
      if (atMs === undefined) throw new Error(`no timer is armed in ${state.phase.status}`);
      armed.delete(timerId);
      nowMs = Math.max(nowMs, atMs);
      take({ type: 'timer', timerId });
    },
  };
}

/**
 * Makes an instance that runs.
 * @param changes what its policy has other than the defaults
 */
export function runningInstance(changes: Partial<PolicySpec> = {}): OneInstance {
  const app = oneInstance(changes);
  app.take({ type: 'start' });
  app.spawned();
  if (app.status === 'starting') app.take({ type: 'ready', generation: 1 });
  return app;
}
