import { readFileSync, renameSync } from 'node:fs';
import { previousOf, replaceFile } from '../../base/atomic-file.ts';
import type { Clock } from '../../base/clock.ts';
import { errnoOf, messageOf, PromvisorError } from '../../base/errors.ts';
import type { DaemonLog } from '../own-log.ts';
import { readState, type SavedState } from './saved.ts';

/** Keeps the state on disk as it changes. */
export interface Store {
  /** Something changed: it is on disk within a moment. Any number of changes at once are one write. */
  touch(): void;
  /** Waits until what has changed so far is on disk, or could not be written. */
  settled(): Promise<void>;
  /** Why the newest state is not on disk, null when it is. */
  problem(): string | null;
  /** Writes what is to be written, and nothing afterwards. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly log: DaemonLog;
  /** The whole text as it is now. */
  readonly text: () => string;
  /** True: it has to be there after a power cut too. */
  readonly durable: boolean;
}

/** What changes within this time is one write. */
const GATHER_MS = 10;
/** In a burst, a start of a hundred apps, writing takes this share of the time; it ends this late at the latest. */
const WRITING_RATIO = 0.25;
const LONGEST_GATHER_MS = 50;
/** A disk that is full is tried again this often. */
const RETRY_MS = 1_000;

/**
 * Makes the store of a daemon.
 * @param options where, and what
 */
export function createStore({ file, clock, log, text, durable }: StoreOptions): Store {
  let dirty = false;
  let closed = false;
  let problem: string | null = null;
  let cancel: (() => void) | null = null;
  let writing: Promise<void> | null = null;
  let gatherMs = GATHER_MS;

  function touch(): void {
    if (closed) return;
    dirty = true;
    if (writing === null) cancel ??= clock.after(GATHER_MS, begin);
  }

  function begin(): void {
    cancel?.();
    cancel = null;
    writing ??= write().finally(() => {
      writing = null;
      if (dirty && !closed) cancel ??= clock.after(problem === null ? gatherMs : RETRY_MS, begin);
    });
  }

  async function write(): Promise<void> {
    dirty = false;
    const beginMs = clock.nowMs();
    try {
      await replaceFile(file, text(), durable);
      if (problem !== null) log.info({ file }, 'the state is on disk again');
      problem = null;
      const tookMs = clock.nowMs() - beginMs;
      gatherMs = Math.min(LONGEST_GATHER_MS, Math.max(GATHER_MS, tookMs / WRITING_RATIO));
    } catch (error) {
      dirty = true;
      const reason = messageOf(error);
      if (reason !== problem) log.error({ file, problem: reason }, 'the state could not be written, trying again');
      problem = reason;
    }
  }

  async function settled(): Promise<void> {
    if (writing !== null) await writing;
    if (!dirty || closed) return;
    begin();
    await writing;
  }

  return {
    touch,
    settled,
    problem: () => problem,
    async close() {
      await settled();
      closed = true;
      cancel?.();
      await writing;
    },
  };
}

/**
 * Reads the state that a daemon left. A file that cannot be read is set aside, never deleted, and the one before it is
 * taken.
 * @param file of the state
 * @param log told of what is wrong
 * @param wallMs Unix ms, for the name of what is set aside
 * @returns the state, null where there is none
 * @throws PromvisorError STATE_NEWER when a newer version wrote it: it would be misread
 */
export function loadState(file: string, log: DaemonLog, wallMs: number): SavedState | null {
  for (const candidate of [file, previousOf(file)]) {
    const text = read(candidate, log);
    if (text === null) continue;
    const state = readState(text);
    if (!('problem' in state)) return state;
    if (state.problem === 'newer') {
      throw new PromvisorError(
        'STATE_NEWER',
        `${candidate}: ${state.text}; install that version again, or a newer one`,
        {
          details: { file: candidate },
        },
      );
    }
    const aside = `${candidate}.broken-${wallMs}`;
    renameSync(candidate, aside);
    log.error({ file: candidate, aside, problem: state.text }, 'a state file cannot be read and was set aside');
  }
  return null;
}

function read(file: string, log: DaemonLog): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') log.error({ file, problem: messageOf(error) }, 'a state file cannot be read');
    return null;
  }
}
