import type { Client } from '../../api/client.ts';
import { findParts, readParts } from '../log-history.ts';
import type { MonitLine } from './state.ts';

/** How many lines of the past are shown at first. */
const HISTORY_LINES = 200;
/** A selection that only passes by opens nothing. */
const REST_MS = 250;
/** Kept between two looks at them. */
const MOST_WAITING = 1_000;

/** The log of one instance at a time. */
export interface LogFeed {
  /** From now on that of this instance; null for none. */
  follow(id: number | null): void;
  /** True while a stream is open or is being opened. */
  isOpen(): boolean;
  /** The lines that have come since the last look. */
  take(): readonly MonitLine[];
  close(): void;
}

/**
 * Makes the feed of the log pane.
 * @param client of the daemon
 * @param onLines told that there is something to take
 */
export function createLogFeed(client: Client, onLines: () => void): LogFeed {
  let waiting: MonitLine[] = [];
  let ending = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  let isOpen = false;

  function stop(): void {
    ending.abort();
    if (timer !== null) clearTimeout(timer);
    timer = null;
    waiting = [];
    isOpen = false;
  }

  function add(lines: readonly MonitLine[]): void {
    waiting.push(...lines);
    if (waiting.length > MOST_WAITING) waiting = waiting.slice(-MOST_WAITING);
    onLines();
  }

  async function read(id: number, end: AbortController): Promise<void> {
    const { signal } = end;
    const { head, records } = await client.logs([String(id)], { signal });
    const query = { sinceNs: null, untilNs: null, count: HISTORY_LINES, match: null };
    const parts = await findParts(head.files, query, () => {});
    for await (const lines of readParts(parts, null, () => {})) {
      if (signal.aborted) return;
      add(lines.slice(-HISTORY_LINES));
    }
    for await (const record of records) {
      if (signal.aborted) return;
      add([record]);
    }
  }

  return {
    follow(id) {
      stop();
      if (id === null) return;
      const own = new AbortController();
      ending = own;
      isOpen = true;
      timer = setTimeout(() => {
        // A stream that breaks off is opened again with the next answer of the daemon.
        void read(id, own)
          .catch(() => {})
          .finally(() => {
            if (ending === own) isOpen = false;
          });
      }, REST_MS);
    },
    isOpen: () => isOpen,
    take() {
      const taken = waiting;
      waiting = [];
      return taken;
    },
    close: stop,
  };
}
