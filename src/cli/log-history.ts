import type { LogFileView } from '../api/log-views.ts';
import { mergeByTime } from '../logs/read/merge.ts';
import { BEGIN, type Position } from '../logs/read/position.ts';
import {
  findRange,
  type LogQuery,
  type LogRange,
  rangeBytes,
  readRange,
  settledPosition,
  type TimedLine,
} from '../logs/read/read-log.ts';
import type { LogLine } from './render/log-line.ts';

/** The part of a log that is to be shown. */
export interface LogPart {
  readonly file: LogFileView;
  readonly range: LogRange;
}

/** Told of a file that cannot be read: it does not hide the others. */
export type OnUnreadable = (file: string, error: unknown) => void;

const NS_PER_MS = 1_000_000;

/**
 * Finds what a query is about in each log, up to where the head of the stream says.
 * @param files of the head
 * @param query which lines
 * @param onUnreadable told of logs that are left out
 * @returns a part for each log
 */
export async function findParts(
  files: readonly LogFileView[],
  query: LogQuery,
  onUnreadable: OnUnreadable,
): Promise<LogPart[]> {
  const parts: LogPart[] = [];
  for (const file of files) {
    try {
      const range = await findRange(file.path, query, { from: BEGIN, to: endOf(file) });
      parts.push({ file, range });
    } catch (error) {
      onUnreadable(file.path, error);
    }
  }
  return parts;
}

/**
 * Finds what came after parts that were shown.
 * @param shown parts
 * @param files of a younger head
 * @returns a part for each log; a new log from its begin
 */
export function partsAfter(shown: readonly LogPart[], files: readonly LogFileView[]): LogPart[] {
  const ends = new Map(shown.map(({ file, range }) => [file.path, range.to]));
  return files.map((file) => ({ file, range: { from: ends.get(file.path) ?? BEGIN, to: endOf(file) } }));
}

function endOf({ path, seq, bytes }: LogFileView): Position {
  return settledPosition(path, { seq, offset: bytes });
}

/**
 * Estimates how much there is to show.
 * @param parts of logs
 * @returns bytes
 */
export function bytesOf(parts: readonly LogPart[]): number {
  return parts.reduce((sum, { file, range }) => sum + rangeBytes(file.path, range), 0);
}

/**
 * Reads parts of logs, merged by time.
 * @param parts of logs
 * @param match lines that are wanted
 * @param onUnreadable told of a log that breaks off
 * @returns lines in batches, in bounded memory
 */
export async function* readParts(
  parts: readonly LogPart[],
  match: LogQuery['match'],
  onUnreadable: OnUnreadable,
): AsyncGenerator<readonly LogLine[], void, void> {
  const sources = parts.map(({ file, range }) => readable(file.path, readRange(file.path, range, match), onUnreadable));
  const writers = parts.map(({ file }) => writerOf(file));
  for await (const batch of mergeByTime(sources)) {
    const lines: LogLine[] = [];
    for (const { source, item } of batch) {
      const writer = writers[source];
      if (writer !== undefined) lines.push(lineOf(writer, item));
    }
    yield lines;
  }
}

type Writer = Omit<LogLine, 'atMs' | 'text'>;

/** Field by field: a spread for each of a million lines takes as long as reading them. */
function lineOf({ id, slot, app, namespace, stream }: Writer, { bytes, unixNs, known }: TimedLine): LogLine {
  const atMs = known ? Math.floor(Number(unixNs) / NS_PER_MS) : null;
  return { id, slot, app, namespace, stream, atMs, text: bytes.toString('utf8') };
}

async function* readable(
  file: string,
  lines: AsyncGenerator<readonly TimedLine[], void, void>,
  onUnreadable: OnUnreadable,
): AsyncGenerator<readonly TimedLine[], void, void> {
  try {
    yield* lines;
  } catch (error) {
    onUnreadable(file, error);
  }
}

function writerOf({ ids, slots, app, namespace, stream }: LogFileView): Writer {
  const alone = ids.length === 1;
  return { id: alone ? (ids[0] ?? null) : null, slot: alone ? (slots[0] ?? null) : null, app, namespace, stream };
}
