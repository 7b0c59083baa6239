import type { Client } from '../../api/client.ts';
import { PromvisorError } from '../../base/errors.ts';
import { type MonitState, withDetail, withInstances } from './state.ts';

/** One question a second at most, whatever is pressed. */
const EVERY_MS = 1_000;
/** In turn: the list, the list, the details of what is selected. */
const DETAIL_EVERY = 3;
/** A daemon that is replaced is away for a moment. */
const PATIENCE_MS = 5_000;
const SILENCE_CODES: ReadonlySet<string> = new Set(['NO_DAEMON', 'PROTOCOL', 'TIMED_OUT', 'SHUTTING_DOWN']);

export interface PollOptions {
  readonly client: Client;
  readonly state: () => MonitState;
  readonly onState: (state: MonitState) => void;
  /** No daemon has answered for too long, or it said what it should not. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Asks the daemon again and again.
 * @param options client, what is shown, and who is told
 * @returns ends it
 */
export function startPolling({ client, state, onState, onFailed }: PollOptions): () => void {
  let turn = 0;
  let isAsking = false;
  let silentSince: number | null = null;

  async function ask(): Promise<void> {
    turn++;
    const { selectedId, detail, answered } = state();
    const isDetailDue = detail === null || turn % DETAIL_EVERY === 0;
    if (selectedId !== null && answered && isDetailDue && turn % 2 === 1) {
      const [view] = await client.describe([String(selectedId)]);
      if (view !== undefined) onState(withDetail(state(), view));
      return;
    }
    const instances = await client.instances();
    onState(withInstances(state(), instances));
  }

  async function tick(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    try {
      await ask();
      silentSince = null;
    } catch (error) {
      // Deleted a moment ago: the next list tells.
      if (error instanceof PromvisorError && error.code === 'NOT_FOUND') return;
      if (!(error instanceof PromvisorError && SILENCE_CODES.has(error.code))) return onFailed(error);
      silentSince ??= performance.now();
      onState({ ...state(), answered: false });
      if (performance.now() - silentSince > PATIENCE_MS) onFailed(error);
    } finally {
      isAsking = false;
    }
  }

  const timer = setInterval(() => void tick(), EVERY_MS);
  return () => clearInterval(timer);
}
