import { isOfBeside, takeBeside } from './beside.ts';
import { zeroCounters } from './counters.ts';
import { type ExitRecord, type ExitStatus, reasonToldTo, unaskedReason } from './exit.ts';
import { hurry } from './leaving.ts';
import { becomeReady, begin, follow, go, killNow, redirect, rest, retire, settle, sweep } from './moves.ts';
import { surge, takeOver } from './reload.ts';
import { resume } from './resume.ts';
import type { PolicySpec } from './spec.ts';
import type { InstanceEvent, InstanceState, ReloadCause, StepContext, StepResult, StoppingPhase } from './states.ts';
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

/**
 * The state of an instance that has never run.
 * @param nowMs monotonic milliseconds
 */
export function newInstance(nowMs: number): InstanceState {
  return {
    phase: { status: 'stopped' },
    generation: 0,
    newest: 0,
    beside: null,
    timerSeq: 0,
    unstableRestarts: 0,
    streak: 0,
    restartsShown: 0,
    lastDelayMs: 0,
    createdAtMs: nowMs,
    lastExit: null,
    mainExit: null,
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
function isStale({ phase, generation, beside }: InstanceState, event: InstanceEvent): boolean {
  if (isOfBeside(event, beside)) return false;
  if (event.type === 'timer') return armedTimer(phase) !== event.timerId;
  return 'generation' in event && event.generation !== generation;
}

function take(turn: Turn): Turn {
  const { event } = turn;
  const { beside } = turn.state;
  if (beside !== null && isOfBeside(event, beside)) return takeBeside(turn, beside);
  switch (event.type) {
    case 'start':
      return onStart(turn);
    case 'stop':
      return onStop(turn);
    case 'restart':
      return onRestart(turn, event.cause);
    case 'reload':
      return onReload(turn, event.cause);
    case 'reset':
      return forgive(change(turn, { restartsShown: 0 }));
    case 'resume':
      return resume(turn);
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
    case 'drained':
      // The main process is never asked to drain: this is the echo of one that was.
      return turn;
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
      return rest(turn);
    case 'stopping':
      return hurry(redirect(turn, phase, 'stopped'), 'requested');
    case 'starting':
    case 'running':
      return retire(turn, 'requested', { next: 'stopped', delayMs: 0 });
    default:
      return phase satisfies never;
  }
}

/** Replaces the process: a person's wish, or a trigger's. */
function onRestart(turn: Turn, cause: ReloadCause): Turn {
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

function onReload(turn: Turn, cause: ReloadCause): Turn {
  const { phase, beside } = turn.state;
  switch (phase.status) {
    case 'stopped':
    case 'exited':
    case 'fatal':
    case 'backoff':
      return onRestart(turn, cause);
    case 'running':
      return beside === null ? surge(turn, cause) : turn;
    case 'starting':
    case 'stopping':
      // A new process is on its way already, or the last one is going.
      return turn;
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
  if (phase.status === 'stopping' && phase.rootGone) return turn;
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
    const dead = died(turn, recordOf(turn, status, reasonToldTo(phase.cause, phase.killed, status)));
    const gone: StoppingPhase = { ...phase, rootGone: true };
    return sweeps ? put(dead, gone) : settle(dead, gone);
  }
  if (phase.status !== 'running' && phase.status !== 'starting') return turn;
  const exit = recordOf(turn, status, unaskedReason(status));
  const verdict = judgeDeath(turn, { readyForMs: readyFor(turn), code: status.code, wanted: false });
  const dead = tallied(died(turn, exit), verdict);
  const { beside } = turn.state;
  if (beside?.role === 'candidate') return takeOver(dead, beside, { exit, sweeps });
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
      return begin(turn, turn.state.mainExit?.reason ?? 'unknown');
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
