import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../base/errors.ts';

/**
 * Times of the lines of a log file, kept beside it: the file itself stays as the app wrote it.
 * A header of 16 bytes (`PMVX`, u32 version, u64 seq) and entries of 16 bytes (u64 offset, u64 Unix nanoseconds),
 * little-endian. A torn last entry is ignored; a missing index costs times, never lines.
 */
const MAGIC = 'PMVX';
const VERSION = 1;
export const HEADER_BYTES = 16;
export const ENTRY_BYTES = 16;
/** A new entry after so many bytes or so much time: at most 320 bytes a second. */
const EVERY_BYTES = 64 * 1024;
const EVERY_NS = 50_000_000n;

/** Bytes from `offset` (a line start) on were written at `unixNs` or later. */
export interface IndexEntry {
  readonly offset: number;
  readonly unixNs: bigint;
}

export interface TimeIndex {
  /** The number that the file has, or will have when it is rolled. */
  readonly seq: number;
  /** Offsets and times never fall. */
  readonly entries: readonly IndexEntry[];
}

/**
 * Reads a whole index.
 * @param file absolute path
 * @returns null when it is not there, cannot be read, or is none
 */
export function readTimeIndex(file: string): TimeIndex | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return null;
  }
  const seq = seqOf(bytes);
  return seq === null ? null : { seq, entries: entriesOf(bytes) };
}

/** How far an index reaches. */
export interface IndexEnd {
  readonly seq: number;
  readonly count: number;
  /** Null without entries. */
  readonly last: IndexEntry | null;
}

/**
 * Reads the begin and the end of an index, whatever its size.
 * @param file absolute path
 * @returns null when there is no index
 */
export function readIndexEnd(file: string): IndexEnd | null {
  try {
    const fd = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(HEADER_BYTES);
      const seq = readSync(fd, bytes, 0, HEADER_BYTES, 0) === HEADER_BYTES ? seqOf(bytes) : null;
      if (seq === null) return null;
      const count = Math.max(0, Math.floor((fstatSync(fd).size - HEADER_BYTES) / ENTRY_BYTES));
      const at = HEADER_BYTES + (count - 1) * ENTRY_BYTES;
      if (count === 0 || readSync(fd, bytes, 0, ENTRY_BYTES, at) < ENTRY_BYTES) return { seq, count: 0, last: null };
      return { seq, count, last: entryAt(bytes, 0) };
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

function seqOf(bytes: Buffer): number | null {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC) return null;
  return bytes.readUInt32LE(4) === VERSION ? Number(bytes.readBigUInt64LE(8)) : null;
}

function entriesOf(bytes: Buffer): IndexEntry[] {
  const entries: IndexEntry[] = [];
  let last: IndexEntry = { offset: 0, unixNs: 0n };
  for (let at = HEADER_BYTES; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const entry = entryAt(bytes, at);
    // What a power failure left of a block that was not written.
    if (entry.offset < last.offset || entry.unixNs < last.unixNs || entry.unixNs === 0n) break;
    entries.push(entry);
    last = entry;
  }
  return entries;
}

function entryAt(bytes: Buffer, at: number): IndexEntry {
  return { offset: Number(bytes.readBigUInt64LE(at)), unixNs: bytes.readBigUInt64LE(at + 8) };
}

/**
 * Finds the entry that a byte belongs to.
 * @param index of the file
 * @param offset of the byte
 * @returns position of the last entry at or before it, -1 when it is older than the index
 */
export function findEntry({ entries }: TimeIndex, offset: number): number {
  return countWhile(entries, (entry) => entry.offset <= offset) - 1;
}

/**
 * Finds where to begin to read for lines of a time or younger.
 * @param index of the file
 * @param unixNs the time
 * @returns byte offset; every line before it is older
 */
export function findTime({ entries }: TimeIndex, unixNs: bigint): number {
  // Lines of the last entry below this time may have come later than the entry.
  const first = countWhile(entries, (entry) => entry.unixNs < unixNs) - 1;
  return entries[first]?.offset ?? 0;
}

/**
 * Time of a line: the same for the same place, however often and by whomever it is read.
 * @param entry the last one at or before the start of the line
 * @param ordinal 0 for the line that starts at the entry, 1 for the next
 * @returns Unix time in nanoseconds
 */
export function timeOfLine({ unixNs }: IndexEntry, ordinal: number): bigint {
  return unixNs + BigInt(ordinal);
}

/** How many entries at the begin fulfil a condition that holds up to a place and not after it. */
function countWhile(entries: readonly IndexEntry[], holds: (entry: IndexEntry) => boolean): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && holds(entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Writes the index of one file. Nothing of it throws: a disk that is full costs entries. */
export interface TimeIndexWriter {
  readonly seq: number;
  /** Tells that lines will be written from this offset on; writes an entry when the last one is far enough behind. */
  note(offset: number, unixNs: bigint): void;
  close(): void;
}

/**
 * Makes the writer of an index; the file and its folder are made with the first entry. An index of this number that is
 * there is gone on with, any other is begun anew.
 * @param file absolute path
 * @param seq number that the log file will have when it is rolled
 * @returns the writer
 */
export function createTimeIndexWriter(file: string, seq: number): TimeIndexWriter {
  const bytes = Buffer.alloc(ENTRY_BYTES);
  let fd: number | null = null;
  let position = HEADER_BYTES;
  let last: IndexEntry | null = null;

  function open(): number {
    const opened = openMaking(file);
    fd = opened;
    const found = readIndexEnd(file);
    if (found?.seq === seq) {
      position = HEADER_BYTES + found.count * ENTRY_BYTES;
      last = found.last;
    } else begin(opened);
    return opened;
  }

  function begin(into: number): void {
    last = null;
    ftruncateSync(into, 0);
    bytes.write(MAGIC, 0, 'latin1');
    bytes.writeUInt32LE(VERSION, 4);
    bytes.writeBigUInt64LE(BigInt(seq), 8);
    position = 0;
    put(into);
  }

  /** At a place of its own, so that one that was written in part is written over. */
  function put(into: number): boolean {
    if (writeSync(into, bytes, 0, ENTRY_BYTES, position) < ENTRY_BYTES) return false;
    position += ENTRY_BYTES;
    return true;
  }

  function note(offset: number, unixNs: bigint): void {
    if (last !== null && offset >= last.offset && offset - last.offset < EVERY_BYTES && unixNs - last.unixNs < EVERY_NS)
      return;
    try {
      write(fd === null ? open() : fd, offset, unixNs);
    } catch {
      // The next one tries again.
    }
  }

  function write(into: number, offset: number, unixNs: bigint): void {
    if (last !== null && offset < last.offset) trim(into, offset);
    const entry = { offset, unixNs: afterLinesOf(last, offset, unixNs) };
    bytes.writeBigUInt64LE(BigInt(entry.offset), 0);
    bytes.writeBigUInt64LE(entry.unixNs, 8);
    if (put(into)) last = entry;
  }

  /** Entries of bytes that were never written, or are no longer there. */
  function trim(from: number, offset: number): void {
    const kept = (readTimeIndex(file)?.entries ?? []).filter((entry) => entry.offset <= offset);
    last = kept.at(-1) ?? null;
    position = HEADER_BYTES + kept.length * ENTRY_BYTES;
    ftruncateSync(from, position);
  }

  return {
    seq,
    note,
    close() {
      if (fd !== null) closeSync(fd);
      fd = null;
      last = null;
    },
  };
}

/** A line takes at least a byte, so that the time of no line is above the entry that follows it, whatever the clock does. */
function afterLinesOf(last: IndexEntry | null, offset: number, unixNs: bigint): bigint {
  if (last === null) return unixNs;
  const least = last.unixNs + BigInt(offset - last.offset);
  return unixNs > least ? unixNs : least;
}

/** The folder is as open to others as the one that the log file is in. */
function openMaking(file: string): number {
  try {
    return openReadWrite(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    const folder = path.dirname(file);
    mkdirSync(folder, { mode: statSync(path.dirname(folder)).mode & 0o777 });
    return openReadWrite(file);
  }
}

function openReadWrite(file: string): number {
  try {
    return openSync(file, 'r+');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return openSync(file, 'wx+');
  }
}
