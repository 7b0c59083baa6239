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
  /** What is to outlive the daemon. */
  saved(): SavedAgentAccount;
  restore(saved: SavedAgentAccount): void;
}

/** JSON: rows of processes that have ended, and when each row was seen first. */
export interface SavedAgentAccount {
  readonly rows: SavedRows;
  readonly since: readonly (readonly [key: string, seconds: number])[];
  readonly runtimeSeen: boolean;
}

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

  /** False for what is not newer than what is known. */
  function takeRows(generation: number, at: number, rows: Rows): boolean {
    if (at <= (taken.get(generation) ?? -1)) return false;
    taken.set(generation, at);
    ledger.take(generation, rows);
    for (const key of rows.keys()) if (!since.has(key)) since.set(key, wallMs() / 1000);
    return true;
  }

  return {
    take(generation, figures) {
      if (!takeRows(generation, figures.taken, figures.counters)) return;
      newest.set(generation, figures);
      runtimeSeen ||= figures.runtime !== null;
    },
    takeCounters: (generation, at, counters) => void takeRows(generation, at, counters),
    retire(generation) {
      ledger.retire(generation);
      newest.delete(generation);
      taken.delete(generation);
    },
    newest: (generation) => newest.get(generation) ?? null,
    totals: ledger.totals,
    hasRuntime: () => runtimeSeen,
    sinceSeconds: (key) => since.get(key),
    saved: () => ({ rows: [...ledger.retired()], since: [...since], runtimeSeen }),
    restore(saved) {
      ledger.absorb(new Map(saved.rows));
      for (const [key, seconds] of saved.since) since.set(key, seconds);
      runtimeSeen = saved.runtimeSeen;
    },
  };
}
