import { countStart } from './counters.ts';
import type { ExitReason, ExitRecord, StopCause } from './exit.ts';
import { hurry, SHORTEST_LOOK_MS } from './leaving.ts';
import type { Verdict } from './restart.ts';
import type { AfterStop, Phase, StoppingPhase, Transition } from './states.ts';
import { add, armedTimer, change, emit, put, type Turn } from './turn.ts';

interface Move {
  readonly exit?: ExitRecord | null;
  readonly cause?: StopCause | null;
  readonly readyMs?: number;
  readonly delayMs?: number;
}

/** Spawns the next generation. */
export function begin(turn: Turn, restartOf: ExitReason | null): Turn {
  const { state, policy } = turn;
  const generation = state.newest + 1;
  const timerId = policy.waitReady ? state.timerSeq + 1 : null;
  const counted = change(turn, {
    generation,
    newest: generation,
    timerSeq: timerId ?? state.timerSeq,
    restartsShown: state.restartsShown + (restartOf === null ? 0 : 1),
    counters: countStart(state.counters, restartOf),
  });
  const phase: Phase = { status: 'starting', pid: null, spawnedAtMs: turn.nowMs, timerId };
  const moved = go(counted, phase, { cause: causeOf(restartOf) });
  const spawning = add(moved, { type: 'spawn', generation });
  if (timerId === null) return spawning;
  return add(spawning, { type: 'arm', timerId, delayMs: policy.listenTimeoutMs });
}

/** Tells the main process to go, and what is beside it. */
export function retire(turn: Turn, cause: StopCause, plan: { next: AfterStop; delayMs: number }): Turn {
  const { phase } = turn.state;
  if (phase.status !== 'running' && phase.status !== 'starting') return turn;
  const sinceMs = phase.status === 'running' ? phase.readyAtMs : phase.spawnedAtMs;
  const stopping = { pid: phase.pid, cause, next: plan.next, delayMs: plan.delayMs, rootGone: false, sinceMs };
  return hurry(enterStopping(turn, stopping, { cause }), cause);
}

/** Ends what a process left behind when it died by itself. */
export function sweep(turn: Turn, verdict: Verdict, exit: ExitRecord): Turn {
  const { next, delayMs } = verdict;
  const stopping = { pid: null, cause: null, next, delayMs, rootGone: true, sinceMs: turn.nowMs };
  return enterStopping(turn, stopping, { exit });
}

function enterStopping(turn: Turn, stopping: Omit<StoppingPhase, 'status' | 'timerId' | 'killed'>, move: Move): Turn {
  const timerId = turn.state.timerSeq + 1;
  const numbered = change(turn, { timerSeq: timerId });
  const moved = go(numbered, { status: 'stopping', ...stopping, timerId, killed: false }, move);
  const delayMs = turn.policy.killTimeoutMs;
  return add(emit(moved, 'signal_tree'), { type: 'arm', timerId, delayMs });
}

/** Changes where a stopping instance goes. */
export function redirect(turn: Turn, phase: StoppingPhase, next: 'starting' | 'stopped'): Turn {
  const redirected = put(turn, { ...phase, next, delayMs: 0 });
  // Only for a stop the process beside it had to be waited for.
  return phase.timerId === null && next === 'starting' ? begin(redirected, phase.cause) : redirected;
}

/** Stops what has no main process: there is only the one beside it to wait for. */
export function rest(turn: Turn): Turn {
  if (turn.state.beside === null) return go(turn, { status: 'stopped' });
  const gone = { pid: null, cause: null, rootGone: true, killed: false, sinceMs: turn.nowMs, delayMs: 0 };
  const waits: StoppingPhase = { status: 'stopping', next: 'stopped', timerId: null, ...gone };
  return hurry(go(turn, waits, { cause: 'requested' }), 'requested');
}

/** The whole tree of the main process is gone: comes to rest or goes on. */
export function settle(turn: Turn, phase: StoppingPhase): Turn {
  const { beside, mainExit } = turn.state;
  if (phase.next === 'stopped' && beside !== null) return waitForBeside(turn, phase);
  const exit = phase.cause === null ? null : mainExit;
  const left = put(turn, phase);
  switch (phase.next) {
    case 'starting': {
      const reason = phase.cause ?? mainExit?.reason ?? 'unknown';
      return begin(left, reason);
    }
    case 'backoff':
      return wait(left, phase.delayMs, exit);
    case 'stopped':
    case 'exited':
    case 'fatal':
      return go(left, { status: phase.next }, { exit, cause: phase.cause });
    default:
      return phase.next satisfies never;
  }
}

/** What is stopped is down altogether, also what is beside the main process; its own timer ends the wait. */
function waitForBeside(turn: Turn, phase: StoppingPhase): Turn {
  const { timerId } = phase;
  if (timerId === null) return turn;
  return add(put(turn, { ...phase, timerId: null }), { type: 'disarm', timerId });
}

/** Goes where the verdict says, straight from the death. */
export function follow(turn: Turn, verdict: Verdict, exit: ExitRecord): Turn {
  switch (verdict.next) {
    case 'starting':
      return begin(turn, exit.reason);
    case 'backoff':
      return wait(turn, verdict.delayMs, exit);
    case 'exited':
    case 'fatal':
      return go(turn, { status: verdict.next }, { exit });
    default:
      return verdict.next satisfies never;
  }
}

function wait(turn: Turn, delayMs: number, exit: ExitRecord | null): Turn {
  const timerId = turn.state.timerSeq + 1;
  const numbered = change(turn, { timerSeq: timerId, lastDelayMs: delayMs });
  const phase: Phase = { status: 'backoff', timerId, delayMs, untilMs: turn.nowMs + delayMs };
  return add(go(numbered, phase, { exit, delayMs }), { type: 'arm', timerId, delayMs });
}

/** Changes the phase: puts an armed timer aside and publishes the change, once. */
export function go(turn: Turn, phase: Phase, move: Move = {}): Turn {
  const before = turn.state.phase;
  const armed = armedTimer(before);
  const disarmed = armed === null ? turn : add(turn, { type: 'disarm', timerId: armed });
  const transition: Transition = {
    ...factsOf(turn, move),
    beside: false,
    from: before.status,
    to: phase.status,
    generation: turn.state.generation,
    exit: move.exit ?? exitThatRestarts(turn, phase),
  };
  return add(put(disarmed, phase), { type: 'publish', transition });
}

/** Publishes what happened to the process beside the main one; the status of the instance stays. */
export function tellOfBeside(turn: Turn, generation: number, move: Move): Turn {
  const { status } = turn.state.phase;
  const transition = { ...factsOf(turn, move), beside: true, from: status, to: status, generation };
  return add(turn, { type: 'publish', transition });
}

function factsOf(
  turn: Turn,
  move: Move,
): Pick<Transition, 'event' | 'exit' | 'readyMs' | 'delayMs' | 'cause' | 'streak'> {
  return {
    event: turn.event.type,
    exit: move.exit ?? null,
    readyMs: move.readyMs ?? null,
    delayMs: move.delayMs ?? null,
    cause: move.cause ?? null,
    streak: turn.state.streak,
  };
}

/** A death followed by a start at once has no transition of its own: the start reports it. */
function exitThatRestarts(turn: Turn, phase: Phase): ExitRecord | null {
  if (phase.status !== 'starting') return null;
  const { event, state } = turn;
  if (state.phase.status === 'stopping') return state.phase.cause === null ? null : state.mainExit;
  return event.type === 'exited' || event.type === 'spawn_failed' ? state.mainExit : null;
}

/** SIGKILL, and look again after another kill_timeout: a process in uninterruptible sleep dies later. */
export function killNow(turn: Turn, phase: StoppingPhase): Turn {
  const timerId = turn.state.timerSeq + 1;
  const killed = put(change(turn, { timerSeq: timerId }), { ...phase, killed: true, timerId });
  const delayMs = Math.max(SHORTEST_LOOK_MS, turn.policy.killTimeoutMs);
  return add(emit(killed, 'kill_tree'), { type: 'arm', timerId, delayMs });
}

export function becomeReady(turn: Turn, pid: number, spawnedAtMs: number): Turn {
  const phase: Phase = { status: 'running', pid, readyAtMs: turn.nowMs };
  return go(turn, phase, { readyMs: turn.nowMs - spawnedAtMs });
}

function causeOf(reason: ExitReason | null): StopCause | null {
  switch (reason) {
    case 'requested':
    case 'cron':
    case 'watch':
    case 'memory_limit':
    case 'ready_timeout':
      return reason;
    default:
      return null;
  }
}
