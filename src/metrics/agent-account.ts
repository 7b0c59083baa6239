import type { AgentFigures } from './agent-figures.ts';
import { createLedger, type Rows, type SavedRows } from './ledger.ts';

/** What the agents of one instance have told, over all its processes. A process is known by its generation. */
export interface AgentAccount {
  /** Takes an answer; one that is older than what is known changes nothing. */
  take(generation: number, figures: AgentFigures): void;
  /** Takes counters that were found in a snapshot of the process. */
  takeCounters(generation: number, taken: number, counters: Rows): void;
  /** The process has ended: its counters stay, its gauges do not. */
  retire(generation: number): void;
  /** The newest answer of a process. */
  newest(generation: number): AgentFigures | null;
  /** Everything that was counted, by process and in all. */
  totals(): Rows;
  /** True once an answer had figures of the runtime. */
  hasRuntime(): boolean;
  /** Unix seconds at which a row was seen first. */
  sinceSeconds(key: string): number | undefined;
  /** True for a process whose end is in the totals: what it has left on disk is not to be counted again. */
  hasRetired(generation: number): boolean;
  /** What is to outlive the daemon; the same object as long as nothing of it has changed. */
  saved(): SavedAgentAccount;
  restore(saved: SavedAgentAccount): void;
}

/** JSON: rows of processes that have ended, and when each row was seen first. */
export interface SavedAgentAccount {
  readonly rows: SavedRows;
  readonly since: readonly (readonly [key: string, seconds: number])[];
  readonly runtimeSeen: boolean;
  /** The last generations that have ended. */
  readonly retired: readonly number[];
}

/** What a process has left is removed soon after its end: more than a few are never on disk at once. */
const MOST_RETIRED = 32;

/**
 * Makes the account of an instance.
 * @param wallMs the time
 */
export function createAgentAccount(wallMs: () => number): AgentAccount {
  const ledger = createLedger('stays');
  const newest = new Map<number, AgentFigures>();
  const taken = new Map<number, number>();
  const since = new Map<string, number>();
  let runtimeSeen = false;
  let retired: readonly number[] = [];
  let saved: SavedAgentAccount | null = null;

  /** False for what is not newer than what is known. */
  function takeRows(generation: number, at: number, rows: Rows): boolean {
    if (at <= (taken.get(generation) ?? -1)) return false;
    taken.set(generation, at);
    ledger.take(generation, rows);
    for (const key of rows.keys()) {
      if (since.has(key)) continue;
      since.set(key, wallMs() / 1000);
      saved = null;
    }
    return true;
  }

  return {
    take(generation, figures) {
      if (!takeRows(generation, figures.taken, figures.counters)) return;
      newest.set(generation, figures);
      if (runtimeSeen || figures.runtime === null) return;
      runtimeSeen = true;
      saved = null;
    },
    takeCounters: (generation, at, counters) => void takeRows(generation, at, counters),
    retire(generation) {
      ledger.retire(generation);
      saved = null;
      retired = [...retired, generation].slice(-MOST_RETIRED);
      newest.delete(generation);
      taken.delete(generation);
    },
    newest: (generation) => newest.get(generation) ?? null,
    totals: ledger.totals,
    hasRuntime: () => runtimeSeen,
    sinceSeconds: (key) => since.get(key),
    hasRetired: (generation) => retired.includes(generation),
    saved() {
      saved ??= { rows: [...ledger.retired()], since: [...since], runtimeSeen, retired };
      return saved;
    },
    restore(earlier) {
      saved = null;
      ledger.absorb(new Map(earlier.rows));
      for (const [key, seconds] of earlier.since) since.set(key, seconds);
      runtimeSeen = earlier.runtimeSeen;
      ({ retired } = earlier);
    },
  };
}
