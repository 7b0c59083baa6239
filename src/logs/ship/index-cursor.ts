import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The format of time-index.ts: a header, then entries of a byte offset and a time. */
const HEADER_BYTES = 16;
const ENTRY_BYTES = 16;
const BLOCK_BYTES = 4096;

interface Entry {
  readonly offset: number;
  readonly unixNs: bigint;
}

/**
 * Walks along the index of a log file. An index can be a tenth of its log, so it is searched and read on where it lies,
 * and never taken in as a whole.
 */
export interface IndexCursor {
  /**
   * Goes to the last entry at or before an offset, forwards only from the second call on.
   * @returns true when it is another entry than before
   */
  goTo(offset: number): boolean;
  /** The entry it stands on, null before the first. */
  entry(): Entry | null;
  /** The first entry, null without one. */
  first(): Entry | null;
  close(): void;
}

/**
 * Opens an index.
 * @param file absolute path; one that is not there has no entries
 */
export function openIndexCursor(file: string): IndexCursor {
  const fd = openOrNull(file);
  const block = Buffer.allocUnsafe(fd === null ? 0 : BLOCK_BYTES);
  let blockFrom = 0;
  let blockEntries = 0;
  let at = -1;
  let current: Entry | null = null;
  let following: Entry | null = null;
  let moved = false;

  function readEntry(number: number): Entry | null {
    if (fd === null || number < 0) return null;
    if (number < blockFrom || number >= blockFrom + blockEntries) {
      blockFrom = number;
      const bytes = readSync(fd, block, 0, BLOCK_BYTES, HEADER_BYTES + number * ENTRY_BYTES);
      blockEntries = Math.floor(bytes / ENTRY_BYTES);
      if (blockEntries === 0) return null;
    }
    const from = (number - blockFrom) * ENTRY_BYTES;
    const unixNs = block.readBigUInt64LE(from + 8);
    // Zeros are what a power failure leaves.
    return unixNs === 0n ? null : { offset: Number(block.readBigUInt64LE(from)), unixNs };
  }

  function search(offset: number): void {
    let low = 0;
    let high = fd === null ? 0 : Math.floor((fstatSync(fd).size - HEADER_BYTES) / ENTRY_BYTES);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = readEntry(middle);
      if (entry !== null && entry.offset <= offset) low = middle + 1;
      else high = middle;
    }
    at = low - 1;
    current = readEntry(at);
    following = readEntry(low);
  }

  const first = readEntry(0);
  return {
    goTo(offset) {
      if (!moved) {
        moved = true;
        search(offset);
        return true;
      }
      const before = current;
      // An entry that has come meanwhile, in a file that grows.
      following ??= readEntry(at + 1);
      while (following !== null && following.offset <= offset) {
        at++;
        current = following;
        following = readEntry(at + 1);
      }
      return current !== before;
    },
    entry: () => current,
    first: () => first ?? readEntry(0),
    close() {
      if (fd !== null) closeSync(fd);
    },
  };
}

function openOrNull(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch {
    return null;
  }
}
