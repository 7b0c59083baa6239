import { LONGEST_LINE_BYTES, linesIn } from './lines-in.ts';
import type { Match } from './match.ts';
import { type Position, partOf } from './position.ts';
import { openSegment, type SegmentFile, segmentsOf } from './segment-file.ts';

/** The last lines of a range of a log. */
export interface TailQuery {
  readonly from: Position;
  readonly to: Position;
  /** How many lines at most. */
  readonly count: number;
  /** Lines that count; null for all. */
  readonly match: Match | null;
}

interface Part {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly match: Match | null;
}

/** Lines that were found, and where the first of them begins. */
interface Found {
  readonly count: number;
  readonly offset: number;
}

const NEWLINE = 10;
const FIRST_BLOCK_BYTES = 64 * 1024;
const BIG_BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Finds where the last lines of a log begin: backwards from its end, block by block, however long the log is. Only
 * a compressed file is read from its begin, and only when the younger ones do not have enough lines.
 * @param live path of the live file
 * @param query which lines
 * @returns the place of the first of them; `from` when there are fewer
 * @throws what open(2), read(2) and the unpacking say
 */
export async function findTail(live: string, { from, to, count, match }: TailQuery): Promise<Position> {
  if (count <= 0) return to;
  let left = count;
  for (const { seq } of [...segmentsOf(live)].reverse()) {
    if (seq > to.seq || seq < from.seq) continue;
    const file = openSegment(live, seq);
    if (file === null) continue;
    try {
      const part = { ...partOf(seq, from, to), count: left, match };
      const found = file.sizeBytes === null ? await forwards(file, part) : backwards(file, file.sizeBytes, part);
      left -= found.count;
      if (left === 0) return { seq, offset: found.offset };
    } finally {
      file.close();
    }
  }
  return from;
}

function backwards(file: SegmentFile, sizeBytes: number, { from, to, count, match }: Part): Found {
  let end = Math.min(to, sizeBytes);
  let blockBytes = FIRST_BLOCK_BYTES;
  let found = 0;
  while (end > from) {
    const begin = Math.max(from, end - blockBytes);
    const block = file.readAt(begin, end);
    // The file was emptied meanwhile: what was after this place is gone.
    if (block.length < end - begin) return { count: found, offset: from };
    const first = begin === from ? 0 : firstStart(block);
    if (first === -1) {
      // An endless line: its end is shown, and nothing before it.
      if (block.length >= LONGEST_LINE_BYTES) return { count, offset: begin + characterStart(block) };
      blockBytes *= 2;
      continue;
    }
    for (let next = block.length; next > first; ) {
      const start = lineStart(block, first, next);
      if (match === null || match.inBytes(withoutNewline(block, start, next))) found++;
      if (found === count) return { count, offset: begin + start };
      next = start;
    }
    end = begin + first;
    blockBytes = Math.min(blockBytes * 4, BIG_BLOCK_BYTES);
  }
  return { count: found, offset: from };
}

/** Where the first line begins that begins for certain in the block; -1 when it must be larger to say so. */
function firstStart(block: Buffer): number {
  const start = block.indexOf(NEWLINE) + 1;
  return start > 0 && start < block.length ? start : -1;
}

/** The first byte that begins a character of UTF-8. */
function characterStart(block: Buffer): number {
  let at = 0;
  while (at < 4 && ((block[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

/** Start of the line that ends right before `next`. */
function lineStart(block: Buffer, first: number, next: number): number {
  // A negative place would count from the end.
  if (next - 2 < first) return first;
  return Math.max(first, block.lastIndexOf(NEWLINE, next - 2) + 1);
}

function withoutNewline(block: Buffer, start: number, end: number): Buffer {
  return block.subarray(start, block[end - 1] === NEWLINE ? end - 1 : end);
}

/** Keeps where the last lines began, not the lines. */
async function forwards(file: SegmentFile, { from, to, count, match }: Part): Promise<Found> {
  const starts: number[] = [];
  let found = 0;
  for await (const lines of linesIn(file.chunks(from, to))) {
    for (const { offset, bytes } of lines) {
      if (match !== null && !match.inBytes(bytes)) continue;
      starts[found % count] = offset;
      found++;
    }
  }
  if (found < count) return { count: found, offset: from };
  return { count, offset: starts[found % count] ?? from };
}
