import { appendFile, rename, stat } from 'node:fs/promises';
import { previousJournal } from '../../api/journal.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';

/** Lines on their way to a file of bounded size. */
export interface JournalFile {
  /** Never waits: what cannot be kept is counted. */
  append(line: string): void;
  /** Waits until what was appended so far is written or dropped. */
  settled(): Promise<void>;
  /** Lines that were dropped, over all. */
  dropped(): number;
}

export interface JournalFileOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Size from which on a new file is begun. */
  readonly maxBytes: number;
  /** The first lines of a new file. */
  readonly head: () => readonly string[];
  /** Told after lines were dropped, when lines can be written again; what it gives is written first. */
  readonly onDropped: (count: number) => string;
  readonly onProblem: (problem: string) => void;
}

/** What comes within this time is one write. */
const GATHER_MS = 100;
const RETRY_MS = 1_000;
/** About 10 MB; a disk that is full is not waited for. */
const MOST_LINES = 10_000;

/**
 * Makes the writer of the journal.
 * @param options where, how much, and what is told
 */
export function createJournalFile(options: JournalFileOptions): JournalFile {
  const { file, clock, maxBytes } = options;
  let queue: string[] = [];
  /** Not told in the journal yet. */
  let untold = 0;
  let dropped = 0;
  let problem: string | null = null;
  let cancel: (() => void) | null = null;
  let writing: Promise<void> | null = null;
  /** A write may have ended in the middle of a line: before this daemon, or with an error. */
  let torn = true;

  function append(line: string): void {
    if (queue.length < MOST_LINES) queue.push(line);
    else drop(1);
    if (writing === null) cancel ??= clock.after(GATHER_MS, begin);
  }

  function drop(count: number): void {
    dropped += count;
    untold += count;
  }

  function begin(): void {
    cancel?.();
    cancel = null;
    writing ??= write().finally(() => {
      writing = null;
      if (queue.length > 0) cancel ??= clock.after(problem === null ? GATHER_MS : RETRY_MS, begin);
    });
  }

  async function write(): Promise<void> {
    const lines = queue;
    const told = untold;
    queue = [];
    try {
      await rollIfFull();
      const first = told > 0 ? [options.onDropped(told)] : [];
      await put([...first, ...lines]);
      untold -= told;
      problem = null;
    } catch (error) {
      drop(lines.length);
      torn = true;
      const text = messageOf(error);
      if (text !== problem) options.onProblem(text);
      problem = text;
    }
  }

  async function put(lines: readonly string[]): Promise<void> {
    await appendFile(file, `${torn ? '\n' : ''}${lines.join('\n')}\n`, { mode: 0o600 });
    torn = false;
  }

  async function rollIfFull(): Promise<void> {
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    if (size < maxBytes) return;
    await rename(file, previousJournal(file));
    await put(options.head());
  }

  return {
    append,
    async settled() {
      if (writing !== null) await writing;
      if (queue.length === 0) return;
      begin();
      await writing;
    },
    dropped: () => dropped,
  };
}
