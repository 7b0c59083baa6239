import type { ExitView, TransitionView } from '../api/contract.ts';
import type { ExitRecord } from '../core/exit.ts';
import type { Transition } from '../core/states.ts';
import { exitId } from '../logs/runs.ts';
import { HISTORY_LENGTH, type Instance } from './instance.ts';

/** Lines of each stream that are kept of a death. */
const LAST_LINES = 20;

/**
 * Writes a transition into what is known of an instance: history, last exit, last death, end of the back-off.
 * @param instance whose transition it is
 * @param transition the change
 * @param atMs wall time
 */
export function record(instance: Instance, transition: Transition, atMs: number): void {
  const exit = transition.exit === null ? null : exitView(transition.exit, atMs);
  const generation = transition.exit?.generation ?? transition.generation;
  const { id, createdAtMs } = instance;
  const deathId = exit === null ? null : exitId({ id, generation, createdAtMs });
  instance.history.push({ ...transitionView(transition, exit, atMs), deathId });
  if (instance.history.length > HISTORY_LENGTH) instance.history.shift();
  if (!transition.beside)
    instance.backoffUntilMs = transition.to === 'backoff' ? atMs + (transition.delayMs ?? 0) : null;
  if (exit === null || deathId === null) return;
  instance.lastExit = exit;
  const { logs, vitals } = instance;
  const lastLines = {
    out: logs.lastLines('out', LAST_LINES, generation),
    error: logs.lastLines('error', LAST_LINES, generation),
  };
  // Figures are taken of the main process only.
  instance.lastDeath = { id: deathId, exit, lastLines, vitals: transition.beside ? null : vitals };
  if (!transition.beside) instance.vitals = null;
}

function exitView(exit: ExitRecord, atMs: number): ExitView {
  const { reason, code, signal, uptimeMs, message } = exit;
  return { reason, code, signal, uptimeMs: Math.round(uptimeMs), atMs, message };
}

function transitionView(transition: Transition, exit: ExitView | null, atMs: number): Omit<TransitionView, 'deathId'> {
  const { from, to, generation, beside, event, cause, delayMs } = transition;
  return { atMs, from, to, generation, beside, event, cause, exit, delayMs };
}
