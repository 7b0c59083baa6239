import type { StopCause } from './exit.ts';
import type { CandidateProcess, Effect, LeavingProcess } from './states.ts';
import { add, change, type Turn } from './turn.ts';

type Stage = LeavingProcess['stage'];

const EFFECT_OF: Readonly<Record<Stage, Extract<Effect, { generation: number }>['type']>> = {
  draining: 'drain',
  asked: 'signal_tree',
  killed: 'kill_tree',
};
/** After SIGKILL it is looked at again this late at the earliest, as in `killNow`. */
export const SHORTEST_LOOK_MS = 100;

/**
 * Puts a process into a stage of its way out, beside the main one: the word for it is sent, its timer armed anew.
 * @param turn the turn so far; what is beside the main process now is this process, or nothing
 * @param process the process and the stage that begins
 */
export function leave(turn: Turn, process: Omit<LeavingProcess, 'role' | 'timerId'>): Turn {
  const timerId = turn.state.timerSeq + 1;
  const { generation, stage } = process;
  const placed = change(disarmBeside(turn), { timerSeq: timerId, beside: { ...process, role: 'leaving', timerId } });
  const { killTimeoutMs } = turn.policy;
  const delayMs = stage === 'killed' ? Math.max(SHORTEST_LOOK_MS, killTimeoutMs) : killTimeoutMs;
  return add(add(placed, { type: EFFECT_OF[stage], generation }), { type: 'arm', timerId, delayMs });
}

/** Tells a candidate to go. */
export function dismiss(turn: Turn, candidate: CandidateProcess, cause: StopCause): Turn {
  const { generation, pid } = candidate;
  return leave(turn, { generation, cause, pid, stage: 'asked', rootGone: false, sinceMs: aliveSince(candidate) });
}

/** The main process is told to go, so what is beside it goes too, and takes no more time to drain. */
export function hurry(turn: Turn, cause: StopCause): Turn {
  const { beside } = turn.state;
  if (beside?.role === 'candidate') return dismiss(turn, beside, cause);
  if (beside?.role === 'leaving' && beside.stage === 'draining') return leave(turn, { ...beside, stage: 'asked' });
  return turn;
}

/** When it became ready, or was spawned. */
export function aliveSince(candidate: CandidateProcess): number {
  return candidate.readyAtMs ?? candidate.spawnedAtMs;
}

/** Puts aside the timer of the process beside the main one, unless it is the one that has just fired. */
export function disarmBeside(turn: Turn): Turn {
  const { event, state } = turn;
  if (state.beside === null) return turn;
  const { timerId } = state.beside;
  return event.type === 'timer' && event.timerId === timerId ? turn : add(turn, { type: 'disarm', timerId });
}
