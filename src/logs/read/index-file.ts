import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ENTRY_BYTES, HEADER_BYTES, type IndexEntry, readIndexEnd } from '../time-index.ts';

const PAGE_ENTRIES = 256;
const PAGE_BYTES = PAGE_ENTRIES * ENTRY_BYTES;

/**
 * An index that is looked into, not read: that of a file which took a line now and then for weeks has millions of
 * entries, of which a tail needs one.
 */
export interface IndexFile {
  readonly count: number;
  /** @param position 0 to `count` - 1 */
  at(position: number): IndexEntry;
  /** Position of the last entry at or before a byte, -1 without one. */
  lastAtOrBefore(offset: number): number;
  /** Position of the last entry that is older than a time, -1 without one. */
  lastOlder(unixNs: bigint): number;
  close(): void;
}

/**
 * Opens an index.
 * @param file absolute path
 * @param seq number of the log file that it must be of
 * @returns null when there is none of that number, or it has no entry
 */
export function openIndex(file: string, seq: number): IndexFile | null {
  if (readIndexEnd(file)?.seq !== seq) return null;
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return null;
  }
  const index = indexOf(fd);
  if (index.count > 0) return index;
  index.close();
  return null;
}

function indexOf(fd: number): IndexFile {
  const page = Buffer.alloc(PAGE_BYTES);
  let pageAt = -1;

  function at(position: number): IndexEntry {
    const wanted = position - (position % PAGE_ENTRIES);
    if (wanted !== pageAt) {
      page.fill(0);
      readSync(fd, page, 0, PAGE_BYTES, HEADER_BYTES + wanted * ENTRY_BYTES);
      pageAt = wanted;
    }
    const byte = (position - wanted) * ENTRY_BYTES;
    return { offset: Number(page.readBigUInt64LE(byte)), unixNs: page.readBigUInt64LE(byte + 8) };
  }

  let count = Math.max(0, Math.floor((fstatSync(fd).size - HEADER_BYTES) / ENTRY_BYTES));
  // What a power failure left of a block that was not written.
  while (count > 0 && at(count - 1).unixNs === 0n) count--;

  /** How many entries at the begin fulfil a condition that holds up to a place and not after it. */
  function countWhile(holds: (entry: IndexEntry) => boolean): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(at(middle))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    count,
    at,
    lastAtOrBefore: (offset) => countWhile((entry) => entry.offset <= offset) - 1,
    lastOlder: (unixNs) => countWhile((entry) => entry.unixNs < unixNs) - 1,
    close: () => closeSync(fd),
  };
}
