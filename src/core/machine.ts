import { zeroCounters } from './counters.ts';
import { type ExitReason, type ExitRecord, type ExitStatus, unaskedReason } from './exit.ts';
import { becomeReady, begin, follow, go, killNow, redirect, retire, settle, sweep } from './moves.ts';
import type { PolicySpec } from './spec.ts';
import type { InstanceEvent, InstanceState, StepContext, StepResult, StoppingPhase } from './states.ts';
import {
  armedTimer,
  blankRecord,
  change,
  died,
  emit,
  forgive,
  judgeDeath,
  put,
  readyFor,
  recordOf,
  type Turn,
  tallied,
} from './turn.ts';

/** A person's or a trigger's wish to have the process replaced. */
type RestartCause = Extract<InstanceEvent, { type: 'restart' }>['cause'];

/**
 * The state of an instance that has never run.
 * @param nowMs monotonic milliseconds
 */
export function newInstance(nowMs: number): InstanceState {
  return {
    phase: { status: 'stopped' },
    generation: 0,
    timerSeq: 0,
    unstableRestarts: 0,
    streak: 0,
    restartsShown: 0,
    lastDelayMs: 0,
    createdAtMs: nowMs,
    lastExit: null,
    counters: zeroCounters(),
  };
}

/**
 * Takes one event: the only place where an instance changes.
 * @param state the instance before
 * @param event a command or a fact; a stale fact changes nothing
 * @param policy the app's policy at this moment
 * @param context time and jitter
 * @returns the instance after, and what the shell must do, in order
 */
export function step(state: InstanceState, event: InstanceEvent, policy: PolicySpec, context: StepContext): StepResult {
  if (isStale(state, event)) return { state, effects: [] };
  const turn: Turn = { ...context, state, effects: [], event, policy };
  const { state: after, effects } = take(turn);
  return { state: after, effects };
}

/** The one place where facts of an earlier process and timers that were put aside are dropped. */
function isStale(state: InstanceState, event: InstanceEvent): boolean {
  if (event.type === 'timer') return armedTimer(state.phase) !== event.timerId;
  return 'generation' in event && event.generation !== state.generation;
}

function take(turn: Turn): Turn {
  const { event } = turn;
  switch (event.type) {
    case 'start':
      return onStart(turn);
    case 'stop':
      return onStop(turn);
    case 'restart':
      return onRestart(turn, event.cause);
    case 'reset':
      return forgive(change(turn, { restartsShown: 0 }));
    case 'spawned':
      return onSpawned(turn, event.pid);
    case 'spawn_failed':
      return onSpawnFailed(turn, event);
    case 'ready':
      return onReady(turn);
    case 'exited':
      return onExited(turn, event.exit, event.leftovers);
    case 'tree_gone':
      return onTreeGone(turn);
    case 'memory_exceeded':
      return onMemoryExceeded(turn);
    case 'timer':
      return onTimer(turn);
    default:
      return event satisfies never;
  }
}

// Commands

function onStart(turn: Turn): Turn {
  const { phase } = turn.state;
  switch (phase.status) {
    case 'stopped':
    case 'exited':
    case 'fatal':
    case 'backoff':
      return begin(forgive(turn), null);
    case 'stopping':
      return redirect(forgive(turn), phase, 'starting');
    case 'starting':
    case 'running':
      return turn;
    default:
      return phase satisfies never;
  }
}

function onStop(turn: Turn): Turn {
  const { phase } = turn.state;
  switch (phase.status) {
    case 'stopped':
      return turn;
    case 'exited':
    case 'fatal':
    case 'backoff':
      return go(turn, { status: 'stopped' });
    case 'stopping':
      return redirect(turn, phase, 'stopped');
    case 'starting':
    case 'running':
      return retire(turn, 'requested', { next: 'stopped', delayMs: 0 });
    default:
      return phase satisfies never;
  }
}

function onRestart(turn: Turn, cause: RestartCause): Turn {
  const { phase } = turn.state;
  const byPerson = cause === 'requested';
  const eased = byPerson ? forgive(turn) : turn;
  switch (phase.status) {
    case 'stopped':
      // What a person stopped, no schedule and no file change starts.
      return byPerson ? begin(eased, null) : turn;
    case 'exited':
    case 'fatal':
    case 'backoff':
      return begin(eased, byPerson ? null : cause);
    case 'stopping':
      // A trigger does not undo a stop that a person asked for.
      return byPerson || phase.next !== 'stopped' ? redirect(eased, phase, 'starting') : turn;
    case 'starting':
    case 'running':
      return retire(eased, cause, { next: 'starting', delayMs: 0 });
    default:
      return phase satisfies never;
  }
}

function onMemoryExceeded(turn: Turn): Turn {
  const { phase } = turn.state;
  if (phase.status !== 'running' && phase.status !== 'starting') return turn;
  const verdict = judgeDeath(turn, { readyForMs: readyFor(turn), code: null, wanted: true });
  return retire(tallied(turn, verdict), 'memory_limit', verdict);
}

// Facts

function onSpawned(turn: Turn, pid: number): Turn {
  const { phase } = turn.state;
  if (phase.status === 'stopping') {
    if (phase.pid !== null || phase.rootGone) return turn;
    // Told to go before it was there: tell it now.
    return emit(put(turn, { ...phase, pid }), phase.killed ? 'kill_tree' : 'signal_tree');
  }
  if (phase.status !== 'starting') return turn;
  const spawned = put(turn, { ...phase, pid });
  // The timer was armed at the spawn: a policy that changed since then must not leave it waiting without an end.
  return phase.timerId === null ? becomeReady(spawned, pid, phase.spawnedAtMs) : spawned;
}

function onReady(turn: Turn): Turn {
  const { phase } = turn.state;
  if (phase.status !== 'starting' || phase.pid === null) return turn;
  return becomeReady(turn, phase.pid, phase.spawnedAtMs);
}

function onSpawnFailed(turn: Turn, failure: { message: string; permanent: boolean }): Turn {
  const { phase } = turn.state;
  if (phase.status !== 'starting' && phase.status !== 'stopping') return turn;
  const exit: ExitRecord = { ...blankRecord(turn), reason: 'spawn_failed', message: failure.message };
  const dead = died(turn, exit);
  if (phase.status === 'stopping') return settle(dead, { ...phase, rootGone: true });
  if (failure.permanent) return go(dead, { status: 'fatal' }, { exit });
  const verdict = judgeDeath(turn, { readyForMs: 0, code: null, wanted: false });
  return follow(tallied(dead, verdict), verdict, exit);
}

function onExited(turn: Turn, status: ExitStatus, leftovers: boolean): Turn {
  const { phase } = turn.state;
  const sweeps = leftovers && turn.policy.treekill;
  if (phase.status === 'stopping') {
    if (phase.rootGone) return turn;
    const dead = died(turn, recordOf(turn, status, stopReason(phase, status)));
    const gone: StoppingPhase = { ...phase, rootGone: true };
    return sweeps ? put(dead, gone) : settle(dead, gone);
  }
  if (phase.status !== 'running' && phase.status !== 'starting') return turn;
  const exit = recordOf(turn, status, unaskedReason(status));
  const verdict = judgeDeath(turn, { readyForMs: readyFor(turn), code: status.code, wanted: false });
  const dead = tallied(died(turn, exit), verdict);
  return sweeps ? sweep(dead, verdict, exit) : follow(dead, verdict, exit);
}

function onTreeGone(turn: Turn): Turn {
  const { phase } = turn.state;
  return phase.status === 'stopping' && phase.rootGone ? settle(turn, phase) : turn;
}

function onTimer(turn: Turn): Turn {
  const { phase } = turn.state;
  switch (phase.status) {
    case 'backoff':
      return begin(turn, turn.state.lastExit?.reason ?? 'unknown');
    case 'stopping':
      // Without treekill no SIGKILL reaches what the root left: a policy that changed meanwhile must not wait for it.
      return phase.rootGone && !turn.policy.treekill ? settle(turn, phase) : killNow(turn, phase);
    case 'starting': {
      const verdict = judgeDeath(turn, { readyForMs: 0, code: null, wanted: false });
      return retire(tallied(turn, verdict), 'ready_timeout', verdict);
    }
    case 'running':
    case 'stopped':
    case 'exited':
    case 'fatal':
      return turn;
    default:
      return phase satisfies never;
  }
}

/** Why a process that was told to go ended: what it was told for, unless a person's stop needed SIGKILL. */
function stopReason(phase: StoppingPhase, status: ExitStatus): ExitReason {
  const { cause } = phase;
  if (cause === null) return unaskedReason(status);
  const patient = cause === 'requested' || cause === 'cron' || cause === 'watch';
  return phase.killed && patient ? 'kill_timeout' : cause;
}
