import { timeOfLine } from '../time-index.ts';
import type { SegmentFile } from './segment-file.ts';

/** The time of a line. */
export interface LineTime {
  readonly unixNs: bigint;
  /** False when it is only a guess that puts the line among others: the file has no index there. */
  readonly known: boolean;
}

/** Tells the times of the lines of one file. */
export interface LineClock {
  /** Where the reading must begin, so that the times from a place on are right: at most that place. */
  startFor(offset: number): number;
  /** The time of the next line; they are asked for in order, from `startFor` on. */
  next(offset: number): LineTime;
}

/**
 * Makes the clock of a file.
 * @param file opened
 * @returns times out of the index; before it, just before its first entry; without one, when the file was last written
 */
export function lineClock({ index, mtimeNs }: SegmentFile): LineClock {
  if (index === null) {
    const guess = { unixNs: mtimeNs, known: false };
    return { startFor: (offset) => offset, next: () => guess };
  }
  const older = { unixNs: beforeIndex(index.at(0).unixNs), known: false };
  let position = -1;
  let entry = index.at(0);
  let following = index.at(0).offset;
  let ordinal = 0;

  function moveTo(next: number): void {
    position = next;
    if (index !== null && next >= 0) entry = index.at(next);
    following = index !== null && next + 1 < index.count ? index.at(next + 1).offset : Number.POSITIVE_INFINITY;
    ordinal = 0;
  }

  return {
    startFor(offset) {
      moveTo(index.lastAtOrBefore(offset));
      return position === -1 ? offset : entry.offset;
    },
    next(offset) {
      while (offset >= following) moveTo(position + 1);
      if (position === -1) return older;
      return { unixNs: timeOfLine(entry, ordinal++), known: true };
    },
  };
}

/**
 * The time of lines that are older than their index.
 * @param firstNs time of the first entry
 */
export function beforeIndex(firstNs: bigint): bigint {
  return firstNs - 1n;
}
