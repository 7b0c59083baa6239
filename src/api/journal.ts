import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '../base/errors.ts';
import { parseSelector, type Selector, selects } from '../core/selector.ts';
import type { Status } from '../core/states.ts';
import type { DeathView, TransitionView } from './contract.ts';

/** Which instance a record speaks of. */
export interface JournalSubject {
  readonly id: number;
  readonly app: string;
  readonly namespace: string;
  readonly slot: number;
}

interface Numbered {
  /** Grows by one a record, over all daemons of a home. */
  readonly seq: number;
  /** Unix ms. */
  readonly atMs: number;
}

/** A line of the journal, and of `GET /v1/events`. */
export type JournalRecord = Numbered &
  (
    | {
        readonly type: 'daemon';
        readonly event: 'started' | 'left' | 'ended';
        readonly pid: number;
        readonly version: string;
      }
    /** What an instance is in: as it was added, as a daemon found it, or repeated at the head of a new file. */
    | (JournalSubject & {
        readonly type: 'state';
        readonly cause: 'added' | 'found' | 'rolled';
        readonly status: Status;
        readonly generation: number;
      })
    | (JournalSubject & TransitionView & { readonly type: 'transition'; readonly death: DeathView | null })
    | (JournalSubject & { readonly type: 'removed' })
    /** Records that came before this one could not be written. */
    | { readonly type: 'dropped'; readonly count: number }
  );

/** The file before the present one. */
export function previousJournal(file: string): string {
  return `${file}.1`;
}

/**
 * Reads a journal, oldest first. What is no record (the last line before a power cut) is passed over.
 * @param file of the journal
 * @param mostBytes of the end of it; both files without it
 */
export function readJournal(file: string, mostBytes?: number): readonly JournalRecord[] {
  const text = mostBytes === undefined ? textOf(previousJournal(file)) + textOf(file) : endOf(file, mostBytes);
  return text.split('\n').flatMap((line) => {
    const record = line === '' ? null : recordIn(line);
    return record === null ? [] : [record];
  });
}

/**
 * Reads a journal bit by bit, oldest first, while it may be written to and rolled.
 * @param file of the journal
 */
export async function* recordsOf(file: string): AsyncGenerator<JournalRecord, void, void> {
  // The present file first: should it be rolled now, it is read as the one before.
  const present = await openIfThere(file);
  const previous = await openIfThere(previousJournal(file));
  try {
    let lastSeq = 0;
    for (const handle of [previous, present]) {
      for await (const line of handle?.readLines() ?? []) {
        const record = recordIn(line);
        if (record === null || record.seq <= lastSeq) continue;
        lastSeq = record.seq;
        yield record;
      }
    }
  } finally {
    await Promise.all([previous?.close(), present?.close()]);
  }
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

export interface JournalFilter {
  /** Unix ms. */
  readonly sinceMs: number;
  /** Empty: all. */
  readonly targets: readonly string[];
}

/**
 * Makes the filter of `events`.
 * @param filter moment and targets; a target that cannot be read selects nothing
 * @returns true for a record that is wanted
 */
export function journalFilter({ sinceMs, targets }: JournalFilter): (record: JournalRecord) => boolean {
  const selectors = targets.map(parseSelector).filter((selector): selector is Selector => !('error' in selector));
  return (record) => {
    if (record.atMs < sinceMs) return false;
    if (targets.length === 0) return true;
    if (!('id' in record)) return false;
    const { id, app: name, namespace } = record;
    return selectors.some((selector) => selects(selector, { id, name, namespace }));
  };
}

function recordIn(line: string): JournalRecord | null {
  try {
    const value = JSON.parse(line) as Partial<JournalRecord> | null;
    // Only a daemon writes there, a whole line at a time.
    return typeof value?.seq === 'number' && typeof value.type === 'string' ? (value as JournalRecord) : null;
  } catch {
    return null;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function endOf(file: string, mostBytes: number): string {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, mostBytes));
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, size - bytes.length));
  } catch {
    // A daemon starts without its history rather than not at all.
    return '';
  } finally {
    closeSync(fd);
  }
}
