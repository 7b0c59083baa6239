import { beforeIndex } from './line-clock.ts';
import { linesIn } from './lines-in.ts';
import { BEGIN, type Position } from './position.ts';
import { openSegment, type SegmentFile, segmentsOf } from './segment-file.ts';

/** A line takes at least one byte: so many lines and more can be passed over without counting them. */
const EVERYTHING = Number.MAX_SAFE_INTEGER;

/**
 * Finds where a time begins in a log, by its indexes: no more than 64 KiB or so are read, and mostly nothing.
 * @param live path of the live file
 * @param unixNs the time
 * @returns the place of the first line that is not older; the begin of the log when all are as young
 * @throws what open(2) and read(2) say
 */
export async function positionAt(live: string, unixNs: bigint): Promise<Position> {
  for (const { seq } of [...segmentsOf(live)].reverse()) {
    const file = openSegment(live, seq);
    if (file === null) continue;
    try {
      const offset = await offsetAt(file, unixNs);
      if (offset > 0) return offset === EVERYTHING ? { seq: seq + 1, offset: 0 } : { seq, offset };
    } finally {
      file.close();
    }
  }
  return BEGIN;
}

async function offsetAt(file: SegmentFile, unixNs: bigint): Promise<number> {
  const { index, mtimeNs } = file;
  if (index === null) return mtimeNs < unixNs ? EVERYTHING : 0;
  const last = index.lastOlder(unixNs);
  if (last === -1) return beforeIndex(index.at(0).unixNs) < unixNs ? index.at(0).offset : 0;
  const entry = index.at(last);
  const next = last + 1 < index.count ? index.at(last + 1).offset : EVERYTHING;
  const older = unixNs - entry.unixNs;
  if (older >= BigInt(next - entry.offset)) return next;
  return lineAfter(file, { from: entry.offset, to: next, count: Number(older) });
}

/** Start of the line that comes `count` lines after a place, as far as `to`. */
async function lineAfter(
  file: SegmentFile,
  { from, to, count }: { readonly from: number; readonly to: number; readonly count: number },
): Promise<number> {
  let passed = 0;
  for await (const lines of linesIn(file.chunks(from, to))) {
    const line = lines[count - passed];
    if (line !== undefined) return line.offset;
    passed += lines.length;
  }
  return to;
}
