import { countExit, countRestart } from './counters.ts';
import { disarmBeside, leave, SHORTEST_LOOK_MS } from './leaving.ts';
import { settleMs } from './reload.ts';
import type { CandidateProcess, InstanceState, Phase } from './states.ts';
import { add, change, emit, put, type Turn } from './turn.ts';

/**
 * Goes on with an instance that another daemon left: its waits are armed anew with the time they have left, and what
 * was told to go is told again. What became of its processes comes as facts afterwards.
 * @param turn with the state as it was saved
 */
export function resume(turn: Turn): Turn {
  const resumed = resumePhase(turn, turn.state.phase);
  const { beside } = resumed.state;
  if (beside === null) return resumed;
  return beside.role === 'candidate' ? resumeCandidate(resumed, beside) : leave(resumed, beside);
}

function resumePhase(turn: Turn, phase: Phase): Turn {
  const { nowMs, policy } = turn;
  switch (phase.status) {
    case 'stopped':
    case 'exited':
    case 'fatal':
    case 'running':
      return turn;
    case 'starting':
      return rearm(turn, phase, phase.spawnedAtMs + policy.listenTimeoutMs - nowMs);
    case 'backoff':
      return rearm(turn, phase, phase.untilMs - nowMs);
    case 'stopping': {
      // Without a timer it only waits for what is beside it.
      if (phase.timerId === null) return turn;
      const told = emit(turn, phase.killed ? 'kill_tree' : 'signal_tree');
      return rearm(told, phase, phase.killed ? Math.max(SHORTEST_LOOK_MS, policy.killTimeoutMs) : policy.killTimeoutMs);
    }
    default:
      return phase satisfies never;
  }
}

type Waiting = Extract<Phase, { readonly timerId: number | null }>;

/** A timer of this daemon in place of the one that went with the last. */
function rearm(turn: Turn, phase: Waiting, leftMs: number): Turn {
  if (phase.timerId === null) return turn;
  const timerId = turn.state.timerSeq + 1;
  const disarmed = add(turn, { type: 'disarm', timerId: phase.timerId });
  const armed = add(disarmed, { type: 'arm', timerId, delayMs: Math.max(0, leftMs) });
  return put(change(armed, { timerSeq: timerId }), { ...phase, timerId });
}

function resumeCandidate(turn: Turn, candidate: CandidateProcess): Turn {
  const { readyAtMs, spawnedAtMs } = candidate;
  const { nowMs, policy } = turn;
  const untilMs = readyAtMs === null ? spawnedAtMs + policy.listenTimeoutMs : readyAtMs + settleMs(policy);
  const timerId = turn.state.timerSeq + 1;
  const placed = change(disarmBeside(turn), { timerSeq: timerId, beside: { ...candidate, timerId } });
  return add(placed, { type: 'arm', timerId, delayMs: Math.max(0, untilMs - nowMs) });
}

/** A process that is there though the state was saved before it was spawned. */
export interface Unrecorded {
  readonly generation: number;
  readonly pid: number;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

/**
 * Brings a state up to a process that was spawned after it was saved: how the one before it ended, nobody knows.
 * @param state as it was saved; its processes are gone
 * @param found the process that is there
 * @returns the state with that process as the main one, ready
 */
export function catchUp(state: InstanceState, { generation, pid, sinceMs }: Unrecorded): InstanceState {
  const { phase, counters, newest, restartsShown } = state;
  const hadProcess = phase.status === 'running' || phase.status === 'starting' || phase.status === 'stopping';
  const started = { ...counters, starts: counters.starts + generation - newest };
  return {
    ...state,
    phase: { status: 'running', pid, readyAtMs: sinceMs },
    generation,
    newest: generation,
    beside: null,
    restartsShown: restartsShown + (hadProcess ? 1 : 0),
    counters: hadProcess ? countExit(countRestart(started, 'unknown'), 'unknown') : started,
  };
}

/**
 * What is left of an instance when the host was started anew: no process, but its numbers.
 * @param state as it was saved
 * @param nowMs monotonic milliseconds
 * @returns a state at rest
 */
export function afterReboot(state: InstanceState, nowMs: number): InstanceState {
  const fresh = { unstableRestarts: 0, streak: 0, lastDelayMs: 0, createdAtMs: nowMs };
  return { ...state, ...fresh, phase: { status: 'stopped' }, beside: null };
}

/**
 * Whether an instance is meant to be up: nobody stopped it.
 * @param state of the instance
 */
export function isWanted({ phase }: InstanceState): boolean {
  return phase.status !== 'stopped' && !(phase.status === 'stopping' && phase.next === 'stopped');
}
