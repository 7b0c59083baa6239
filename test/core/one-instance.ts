import type { ExitStatus } from '../../src/core/exit.ts';
import { newInstance, step } from '../../src/core/machine.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import type {
  Effect,
  InstanceEvent,
  InstanceState,
  Phase,
  ReloadCause,
  Status,
  Transition,
} from '../../src/core/states.ts';
import { DEFAULTS } from './policy.ts';

/** Facts of one of the processes of the instance. */
interface Facts {
  spawned(): void;
  ready(): void;
  /** It dies, and nothing of it is left unless said otherwise. */
  exits(status: Partial<ExitStatus>, leftovers?: boolean): void;
  treeGone(): void;
  drained(): void;
  /** Its armed timer fires, at its time. */
  timerFires(): void;
}

/** One instance and a clock, for examples that are told step by step. Jitter is 0. The facts are the main process's. */
export interface OneInstance extends Facts {
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
  /** Facts of the process beside the main one. */
  readonly beside: Facts;
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

  function facts(generation: () => number, timer: () => number | null): Facts {
    return {
      spawned: () => take({ type: 'spawned', generation: generation(), pid: 1_000 + generation() }),
      ready: () => take({ type: 'ready', generation: generation() }),
      exits(status, leftovers = false) {
        const exit = { code: null, signal: null, hint: null, ...status };
        take({ type: 'exited', generation: generation(), exit, leftovers });
      },
      treeGone: () => take({ type: 'tree_gone', generation: generation() }),
      drained: () => take({ type: 'drained', generation: generation() }),
      timerFires() {
        const timerId = timer() ?? 0;
        const atMs = armed.get(timerId);
        if (atMs === undefined) throw new Error(`no timer is armed in ${state.phase.status}`);
        armed.delete(timerId);
        nowMs = Math.max(nowMs, atMs);
        take({ type: 'timer', timerId });
      },
    };
  }

  const ofMain = facts(
    () => state.generation,
    () => ('timerId' in state.phase ? state.phase.timerId : null),
  );
  const ofBeside = facts(
    () => state.beside?.generation ?? 0,
    () => state.beside?.timerId ?? null,
  );

  return {
    ...ofMain,
    beside: ofBeside,
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
  if (app.status === 'starting') app.ready();
  return app;
}

/** Generation 1 runs since 0 ms; at 60 s its candidate, generation 2, was spawned. */
export function surgingInstance(changes: Partial<PolicySpec> = {}, cause: ReloadCause = 'requested'): OneInstance {
  const app = runningInstance(changes);
  app.pass(60_000);
  app.take({ type: 'reload', cause });
  app.beside.spawned();
  return app;
}

/** Generation 2 was ready 300 ms after its spawn and has settled: generation 1 drains. */
export function promotedInstance(changes: Partial<PolicySpec> = {}, cause: ReloadCause = 'requested'): OneInstance {
  const app = surgingInstance(changes, cause);
  app.pass(300);
  app.beside.ready();
  app.beside.timerFires();
  return app;
}
