import { countExit } from './counters.ts';
import { type ExitRecord, type ExitStatus, reasonToldTo, unaskedReason } from './exit.ts';
import { aliveSince, disarmBeside, dismiss, leave } from './leaving.ts';
import { settle, tellOfBeside } from './moves.ts';
import { promote, settleMs } from './reload.ts';
import type { Beside, InstanceEvent, LeavingProcess } from './states.ts';
import { add, change, type Turn } from './turn.ts';

/**
 * Whether an event speaks of the process beside the main one.
 * @param event any event
 * @param beside that process, or null
 */
export function isOfBeside(event: InstanceEvent, beside: Beside | null): boolean {
  if (beside === null) return false;
  if (event.type === 'timer') return event.timerId === beside.timerId;
  return 'generation' in event && event.generation === beside.generation;
}

/** Takes a fact of the process beside the main one. */
export function takeBeside(turn: Turn, beside: Beside): Turn {
  const { event } = turn;
  switch (event.type) {
    case 'spawned':
      return onSpawned(turn, beside, event.pid);
    case 'spawn_failed':
      return onSpawnFailed(turn, beside, event.message);
    case 'ready':
      return onReady(turn, beside);
    case 'exited':
      return onExited(turn, beside, event);
    case 'tree_gone':
      return beside.role === 'leaving' && beside.rootGone ? remove(turn) : turn;
    case 'drained':
      return beside.role === 'leaving' && beside.stage === 'draining' ? goOn(turn, beside) : turn;
    case 'timer':
      return onTimer(turn, beside);
    case 'memory_exceeded':
      // A candidate has a limit once it is the main process; one that leaves is leaving already.
      return turn;
    case 'start':
    case 'stop':
    case 'restart':
    case 'reload':
    case 'reset':
    case 'resume':
      // Commands speak of the slot, not of a process.
      return turn;
    default:
      return event satisfies never;
  }
}

function onSpawned(turn: Turn, beside: Beside, pid: number): Turn {
  if (beside.pid !== null) return turn;
  if (beside.role === 'candidate') return change(turn, { beside: { ...beside, pid } });
  if (beside.rootGone) return turn;
  // Told to go before it was there: tell it now.
  const type = beside.stage === 'killed' ? 'kill_tree' : 'signal_tree';
  return add(change(turn, { beside: { ...beside, pid } }), { type, generation: beside.generation });
}

function onSpawnFailed(turn: Turn, beside: Beside, message: string): Turn {
  if (beside.role === 'leaving' && beside.rootGone) return turn;
  const { generation } = beside;
  const exit: ExitRecord = { generation, reason: 'spawn_failed', code: null, signal: null, uptimeMs: 0, message };
  return remove(died(turn, beside, exit));
}

function onReady(turn: Turn, beside: Beside): Turn {
  if (beside.role !== 'candidate' || beside.pid === null || beside.readyAtMs !== null) return turn;
  const timerId = turn.state.timerSeq + 1;
  const settling = { ...beside, readyAtMs: turn.nowMs, timerId };
  const settles = change(disarmBeside(turn), { timerSeq: timerId, beside: settling });
  return add(settles, { type: 'arm', timerId, delayMs: settleMs(turn.policy) });
}

function onTimer(turn: Turn, beside: Beside): Turn {
  if (beside.role === 'leaving') return goOn(turn, beside);
  return beside.readyAtMs === null ? dismiss(turn, beside, 'ready_timeout') : promote(turn, beside);
}

/** The next stage of leaving: asked after it had time to drain, killed after it had time to go, and again. */
function goOn(turn: Turn, leaving: LeavingProcess): Turn {
  if (leaving.stage === 'draining') return leave(turn, { ...leaving, stage: 'asked' });
  // Without treekill no SIGKILL reaches what the root left: a policy that changed meanwhile must not wait for it.
  if (leaving.rootGone && !turn.policy.treekill) return remove(turn);
  return leave(turn, { ...leaving, stage: 'killed' });
}

function onExited(turn: Turn, beside: Beside, fact: { exit: ExitStatus; leftovers: boolean }): Turn {
  if (beside.role === 'leaving' && beside.rootGone) return turn;
  const dead = died(turn, beside, recordOf(turn, beside, fact.exit));
  if (!(fact.leftovers && turn.policy.treekill)) return remove(dead);
  if (beside.role === 'leaving' && beside.stage !== 'draining') {
    return change(dead, { beside: { ...beside, rootGone: true } });
  }
  const { generation, pid } = beside;
  const cause = beside.role === 'leaving' ? beside.cause : null;
  return leave(dead, { generation, cause, pid, stage: 'asked', rootGone: true, sinceMs: sinceOf(beside) });
}

function recordOf(turn: Turn, beside: Beside, status: ExitStatus): ExitRecord {
  const { generation } = beside;
  const { code, signal } = status;
  const reason =
    beside.role === 'leaving' ? reasonToldTo(beside.cause, beside.stage === 'killed', status) : unaskedReason(status);
  return { generation, reason, code, signal, uptimeMs: turn.nowMs - sinceOf(beside), message: null };
}

function sinceOf(beside: Beside): number {
  return beside.role === 'leaving' ? beside.sinceMs : aliveSince(beside);
}

/** Counts and tells the death; what drives restarts and back-off is the main process's alone. */
function died(turn: Turn, beside: Beside, exit: ExitRecord): Turn {
  const dead = change(turn, { lastExit: exit, counters: countExit(turn.state.counters, exit.reason) });
  return tellOfBeside(dead, beside.generation, { exit, cause: beside.role === 'leaving' ? beside.cause : null });
}

/** Nothing of it is left; a stop that waited for it only comes to rest. */
function remove(turn: Turn): Turn {
  const alone = change(disarmBeside(turn), { beside: null });
  const { phase } = alone.state;
  return phase.status === 'stopping' && phase.timerId === null ? settle(alone, phase) : alone;
}
