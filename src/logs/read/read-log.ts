import { positionAt } from './at-time.ts';
import { type LineTime, lineClock } from './line-clock.ts';
import { linesIn } from './lines-in.ts';
import type { Match } from './match.ts';
import { BEGIN, comparePositions, earlierOf, laterOf, type Position, partOf } from './position.ts';
import { openSegment, segmentsOf } from './segment-file.ts';
import { findTail } from './tail.ts';

/** What gzip makes of logs, roughly. */
const PACKING = 8;

/** Which lines of a log are wanted. */
export interface LogQuery {
  /** Lines from this time on, Unix nanoseconds; null for all. */
  readonly sinceNs: bigint | null;
  /** Lines up to this time, and of it. */
  readonly untilNs: bigint | null;
  /** So many of the last ones; null for all. */
  readonly count: number | null;
  readonly match: Match | null;
}

export interface LogRange {
  readonly from: Position;
  readonly to: Position;
}

/** A line of a log with its time. */
export interface TimedLine extends LineTime {
  /** Without its newline. */
  readonly bytes: Buffer;
}

/**
 * Finds the part of a log that a query is about.
 * @param live path of the live file
 * @param query which lines
 * @param within the part that is looked at
 * @returns places; lines in between that do not match are still to be left out
 * @throws what open(2), read(2) and the unpacking say
 */
export async function findRange(live: string, query: LogQuery, within: LogRange): Promise<LogRange> {
  const { sinceNs, untilNs, count, match } = query;
  const to = untilNs === null ? within.to : earlierOf(within.to, await positionAt(live, untilNs + 1n));
  const from = sinceNs === null ? within.from : laterOf(within.from, await positionAt(live, sinceNs));
  if (count === null || comparePositions(from, to) >= 0) return { from, to };
  return { from: await findTail(live, { from, to, count, match }), to };
}

/**
 * Reads the lines of a part of a log, in order, over rolled and compressed files.
 * @param live path of the live file
 * @param range places
 * @param match lines that are wanted; null for all
 * @returns lines in batches, in bounded memory
 * @throws what open(2), read(2) and the unpacking say
 */
export async function* readRange(
  live: string,
  { from, to }: LogRange,
  match: Match | null,
): AsyncGenerator<readonly TimedLine[], void, void> {
  if (comparePositions(from, to) >= 0) return;
  for (const seq of numbersIn(live, from, to)) {
    const file = openSegment(live, seq);
    if (file === null) continue;
    const part = partOf(seq, from, to);
    const clock = lineClock(file);
    try {
      for await (const lines of linesIn(file.chunks(clock.startFor(part.from), part.to))) {
        const wanted: TimedLine[] = [];
        for (const { offset, bytes } of lines) {
          const { unixNs, known } = clock.next(offset);
          if (offset < part.from || (match !== null && !match.inBytes(bytes))) continue;
          wanted.push({ bytes, unixNs, known });
        }
        if (wanted.length > 0) yield wanted;
      }
    } finally {
      file.close();
    }
  }
}

/**
 * Estimates how much a range is.
 * @param live path of the live file
 * @param range places
 * @returns bytes; compressed files are taken for eight times of what they are on disk
 */
export function rangeBytes(live: string, range: LogRange): number {
  let sum = 0;
  for (const { seq, kind, bytes } of segmentsOf(live)) {
    if (seq < range.from.seq || seq > range.to.seq) continue;
    const { from, to } = partOf(seq, range.from, range.to);
    const size = kind === 'live' || kind === 'plain' ? bytes : bytes * PACKING;
    sum += Math.max(0, Math.min(to, size) - from);
  }
  return sum;
}

/** While one file is read others may be rolled: what is there is looked for again when all that was there is read. */
function* numbersIn(live: string, from: Position, to: Position): Generator<number, void, void> {
  let next = from.seq;
  for (;;) {
    const numbers = segmentsOf(live).flatMap(({ seq }) => (seq >= next && seq <= to.seq ? [seq] : []));
    if (numbers.length === 0) return;
    for (const seq of numbers) {
      yield seq;
      next = seq + 1;
    }
  }
}

/**
 * Finds the place that so many bytes of a file are, when what waited to be written went into the file after it.
 * @param live path of the live file
 * @param place a number, and bytes that may be beyond the end of that file
 * @returns the place, in a file that was rolled since or the live one
 */
export function settledPosition(live: string, { seq, offset }: Position): Position {
  const segments = segmentsOf(live);
  const last = segments.at(-1)?.seq ?? BEGIN.seq;
  let place = { seq, offset };
  for (const { seq: number, kind, bytes } of segments) {
    if (number !== place.seq || number === last || kind !== 'plain' || place.offset <= bytes) continue;
    place = { seq: number + 1, offset: place.offset - bytes };
  }
  return place;
}
