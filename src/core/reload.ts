import { countRestart, countStart } from './counters.ts';
import type { ExitReason, ExitRecord } from './exit.ts';
import { disarmBeside, leave } from './leaving.ts';
import { go, tellOfBeside } from './moves.ts';
import type { PolicySpec } from './spec.ts';
import type { CandidateProcess, Phase, ReloadCause } from './states.ts';
import { add, change, forgive, type Turn } from './turn.ts';

/** A process that became ready has to stay up for min_uptime before it is trusted, but no reload waits longer. */
const LONGEST_SETTLE_MS = 10_000;

/**
 * How long a candidate has to stay up, from ready on, before it is trusted.
 * @param policy of the app
 */
export function settleMs({ minUptimeMs }: PolicySpec): number {
  return Math.min(minUptimeMs, LONGEST_SETTLE_MS);
}

/** Spawns a candidate beside the main process, which goes on as it is. */
export function surge(turn: Turn, cause: ReloadCause): Turn {
  const { state, policy } = turn;
  const generation = state.newest + 1;
  const timerId = state.timerSeq + 1;
  const candidate: CandidateProcess = {
    role: 'candidate',
    generation,
    cause,
    pid: null,
    spawnedAtMs: turn.nowMs,
    readyAtMs: null,
    timerId,
  };
  const counters = countStart(state.counters, null);
  const placed = change(turn, { newest: generation, timerSeq: timerId, beside: candidate, counters });
  const told = tellOfBeside(placed, generation, { cause });
  const spawning = add(told, { type: 'spawn', generation });
  return add(spawning, { type: 'arm', timerId, delayMs: policy.listenTimeoutMs });
}

/** The candidate has proven itself: it is the main process now, and the old one is drained. */
export function promote(turn: Turn, candidate: CandidateProcess): Turn {
  const { phase, generation } = turn.state;
  const running = runningPhase(candidate);
  if (phase.status !== 'running' || running === null) return turn;
  const { cause } = candidate;
  // Its deaths were those of the code before; a person's reload also begins the age anew, as a restart does.
  const eased = cause === 'requested' ? forgive(turn) : change(turn, { unstableRestarts: 0, streak: 0 });
  const moved = go(succeed(eased, candidate, cause), running, { cause, readyMs: readyMsOf(candidate, running) });
  const { pid, readyAtMs } = phase;
  return leave(moved, { generation, cause, pid, stage: 'draining', rootGone: false, sinceMs: readyAtMs });
}

/**
 * The main process died by itself: the candidate takes its place, as far as it has come, and no other is spawned.
 * @param turn the turn with the death counted and tallied
 * @param candidate the process beside the dead one
 * @param death the death, and whether the rest of its tree is to be ended
 */
export function takeOver(turn: Turn, candidate: CandidateProcess, death: { exit: ExitRecord; sweeps: boolean }): Turn {
  const { exit } = death;
  const running = runningPhase(candidate);
  const moved =
    running === null
      ? go(succeed(turn, candidate, exit.reason), startingPhase(candidate), { exit })
      : go(succeed(disarmBeside(turn), candidate, exit.reason), running, {
          exit,
          readyMs: readyMsOf(candidate, running),
        });
  if (!death.sweeps) return moved;
  const rest = { cause: null, pid: null, stage: 'asked', rootGone: true, sinceMs: turn.nowMs } as const;
  return leave(moved, { generation: exit.generation, ...rest });
}

/** The candidate is what the slot counts as its process from now on: a restart, for the reason given. */
function succeed(turn: Turn, candidate: CandidateProcess, reason: ExitReason): Turn {
  const { restartsShown, counters } = turn.state;
  return change(turn, {
    generation: candidate.generation,
    beside: null,
    restartsShown: restartsShown + 1,
    counters: countRestart(counters, reason),
  });
}

type Running = Extract<Phase, { status: 'running' }>;

function runningPhase({ pid, readyAtMs }: CandidateProcess): Running | null {
  return pid === null || readyAtMs === null ? null : { status: 'running', pid, readyAtMs };
}

/** It waits for ready with the time it has left: its timer stays armed. */
function startingPhase({ pid, spawnedAtMs, timerId }: CandidateProcess): Phase {
  return { status: 'starting', pid, spawnedAtMs, timerId };
}

function readyMsOf(candidate: CandidateProcess, running: Running): number {
  return running.readyAtMs - candidate.spawnedAtMs;
}
