import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../base/errors.ts';
import type { Position } from './read/position.ts';
import { sideFolder } from './segments.ts';

/**
 * Which process wrote which lines of a log, kept beside it: `runs` in its side folder. Entries of 32 bytes, little-endian,
 * in the order of the lines: u64 number of the file, u64 offset, u32 instance id, u32 generation, f64 Unix ms of the
 * instance's making. From the place of an entry on the lines are of its process, up to the next entry.
 */
const ENTRY_BYTES = 32;
/** When there is more, the older half goes: one entry is written for each start of a process. */
const MOST_BYTES = 64 * 1024;

/** One process of an instance, from its start to its end. */
export interface Run {
  /** Of the instance. */
  readonly id: number;
  /** Counts the processes of the instance. */
  readonly generation: number;
  /** When the instance was made, Unix ms: ids are given again once all instances are gone. */
  readonly createdAtMs: number;
}

/**
 * Names the end of a process: known from its start on, so that its lines can carry it before it has come.
 * @param run the process
 * @returns unique for a home
 */
export function exitId({ id, generation, createdAtMs }: Run): string {
  return `${id}-${generation}-${Math.round(createdAtMs)}`;
}

function isSame(a: Run | null, b: Run | null): boolean {
  if (a === null || b === null) return a === b;
  return a === b || (a.id === b.id && a.generation === b.generation && a.createdAtMs === b.createdAtMs);
}

/** Notes who writes to a log file. Nothing of it throws: a full disk costs names, no lines. */
export interface RunMarks {
  /** Lines of this process will be written from this place on; null for a process that is not known. */
  note(place: Position, run: Run | null): void;
  /** Another file was opened. */
  begin(): void;
}

/**
 * Makes the marks of a log file. A file that instances share has none: they would take turns with each piece.
 * @param live absolute path of the log file
 */
export function createRunMarks(live: string): RunMarks {
  /** Undefined: nothing was noted yet. */
  let last: Run | null | undefined;
  let isShared = false;

  return {
    note(place, run) {
      if (isShared || (last !== undefined && isSame(last, run))) return;
      isShared = last !== undefined && last !== null && run !== null && last.id !== run.id;
      last = isShared ? null : run;
      try {
        append(live, encode({ ...place, run: last }));
      } catch {
        // The next line tries again.
        last = undefined;
        isShared = false;
      }
    },
    begin() {
      last = undefined;
      isShared = false;
    },
  };
}

/** Tells whose lines are where; asked in the order of the lines. */
export interface RunReader {
  /** Looks for entries that have come since. */
  refresh(): void;
  /** The process that wrote the line that begins here, null where that is not known. */
  at(seq: number, offset: number): Run | null;
}

/**
 * Makes a reader of marks.
 * @param live absolute path of the log file
 */
export function createRunReader(live: string): RunReader {
  const file = runsPath(live);
  let entries: readonly Entry[] = [];
  let stamp = '';
  let next = 0;

  return {
    refresh() {
      try {
        const { ino, size } = statSync(file);
        if (stamp === `${ino} ${size}`) return;
        stamp = `${ino} ${size}`;
        entries = decodeAll(readFileSync(file));
      } catch {
        // Gone, or being replaced: whatever is there at the next look is read.
        stamp = '';
        entries = [];
      }
      next = 0;
    },
    at(seq, offset) {
      for (;;) {
        const entry = entries[next];
        const isAhead = entry === undefined || entry.seq > seq || (entry.seq === seq && entry.offset > offset);
        if (isAhead) return entries[next - 1]?.run ?? null;
        next++;
      }
    },
  };
}

interface Entry extends Position {
  readonly run: Run | null;
}

function encode({ seq, offset, run }: Entry): Buffer {
  const bytes = Buffer.alloc(ENTRY_BYTES);
  bytes.writeBigUInt64LE(BigInt(seq), 0);
  bytes.writeBigUInt64LE(BigInt(offset), 8);
  bytes.writeUInt32LE(run?.id ?? 0, 16);
  bytes.writeUInt32LE(run?.generation ?? 0, 20);
  bytes.writeDoubleLE(run?.createdAtMs ?? 0, 24);
  return bytes;
}

function decodeAll(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) entries.push(decode(bytes, at));
  return entries;
}

function decode(bytes: Buffer, at: number): Entry {
  const createdAtMs = bytes.readDoubleLE(at + 24);
  return {
    seq: Number(bytes.readBigUInt64LE(at)),
    offset: Number(bytes.readBigUInt64LE(at + 8)),
    run:
      createdAtMs === 0
        ? null
        : { id: bytes.readUInt32LE(at + 16), generation: bytes.readUInt32LE(at + 20), createdAtMs },
  };
}

function append(live: string, entry: Buffer): void {
  const file = runsPath(live);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size >= MOST_BYTES || size % ENTRY_BYTES !== 0) tidy(file);
  try {
    appendFileSync(file, entry);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    // As open to others as the folder of the log itself.
    mkdirSync(sideFolder(live), { mode: statSync(path.dirname(live)).mode & 0o777 });
    appendFileSync(file, entry);
  }
}

/** What a power failure left of an entry would put all that follow out of place. */
function tidy(file: string): void {
  const bytes = readFileSync(file);
  const whole = bytes.length - (bytes.length % ENTRY_BYTES);
  const from = whole < MOST_BYTES ? 0 : MOST_BYTES / 2;
  writeFileSync(`${file}.tmp`, bytes.subarray(from, whole));
  renameSync(`${file}.tmp`, file);
}

function runsPath(live: string): string {
  return path.join(sideFolder(live), 'runs');
}
