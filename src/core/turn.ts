import { countExit } from './counters.ts';
import type { ExitReason, ExitRecord, ExitStatus } from './exit.ts';
import { judge, type Verdict } from './restart.ts';
import type { PolicySpec } from './spec.ts';
import type { Effect, InstanceEvent, InstanceState, Phase } from './states.ts';

/** One step in the making: the state so far, the effects so far, and the world at this moment. */
export interface Turn {
  readonly state: InstanceState;
  readonly effects: readonly Effect[];
  readonly event: InstanceEvent;
  readonly policy: PolicySpec;
  readonly nowMs: number;
  readonly jitter: number;
}

export function armedTimer(phase: Phase): number | null {
  return 'timerId' in phase ? phase.timerId : null;
}

export function readyFor(turn: Turn): number {
  const { phase } = turn.state;
  return phase.status === 'running' ? turn.nowMs - phase.readyAtMs : 0;
}

export function judgeDeath(turn: Turn, death: { readyForMs: number; code: number | null; wanted: boolean }): Verdict {
  return judge(turn.policy, death, turn.state, turn.jitter);
}

export function blankRecord(turn: Turn): Omit<ExitRecord, 'reason'> {
  return { generation: turn.state.generation, code: null, signal: null, uptimeMs: 0, message: null };
}

export function recordOf(turn: Turn, status: ExitStatus, reason: ExitReason): ExitRecord {
  const { phase } = turn.state;
  let sinceMs = turn.nowMs;
  if (phase.status === 'running') sinceMs = phase.readyAtMs;
  if (phase.status === 'starting') sinceMs = phase.spawnedAtMs;
  if (phase.status === 'stopping') sinceMs = phase.sinceMs;
  const { code, signal } = status;
  return { ...blankRecord(turn), reason, code, signal, uptimeMs: turn.nowMs - sinceMs };
}

/** Counts a death of the main process. */
export function died(turn: Turn, exit: ExitRecord): Turn {
  return change(turn, { lastExit: exit, mainExit: exit, counters: countExit(turn.state.counters, exit.reason) });
}

export function tallied(turn: Turn, { unstableRestarts, streak }: Verdict): Turn {
  return change(turn, { unstableRestarts, streak });
}

/** A person took it in hand: earlier deaths count no more. */
export function forgive(turn: Turn): Turn {
  return change(turn, { unstableRestarts: 0, streak: 0, lastDelayMs: 0, createdAtMs: turn.nowMs });
}

export function emit(turn: Turn, type: 'signal_tree' | 'kill_tree'): Turn {
  return add(turn, { type, generation: turn.state.generation });
}

export function add(turn: Turn, effect: Effect): Turn {
  return { ...turn, effects: [...turn.effects, effect] };
}

export function put(turn: Turn, phase: Phase): Turn {
  return change(turn, { phase });
}

export function change(turn: Turn, change: Partial<InstanceState>): Turn {
  return { ...turn, state: { ...turn.state, ...change } };
}
