import { statSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { createRunReader, type Run } from '../runs.ts';
import { listSegments, type Segment } from '../segments.ts';
import type { LineView, Position } from './batch.ts';
import { type ByteSource, openByteSource } from './byte-source.ts';
import { type IndexCursor, openIndexCursor } from './index-cursor.ts';
import { createWindow } from './window.ts';

const EMPTY: Buffer = Buffer.alloc(0);

/** Reads the lines of a log from a position on: rolled files, compressed or not, then the live one. */
export interface LogReader {
  /** The line it stands on; null before the first and when there is none for now. Valid until the next call. */
  line(): LineView | null;
  /** Goes to the next line that was read already; false when more has to be read: `fill`. */
  next(): boolean;
  /** Reads on and goes to the next line. False when there is no more for now. */
  fill(): Promise<boolean>;
  /** True when `fill` found no more because there is no more, not because files were moved meanwhile. */
  atEnd(): boolean;
  /** Place after the line, or after all that there is. */
  position(): Position;
  close(): Promise<void>;
}

export interface LogReaderOptions {
  readonly live: string;
  readonly position: Position;
  /** Added to each time: keeps equal lines apart that instances wrote in the same millisecond. */
  readonly spreadNs: bigint;
  /** Files between two positions were removed before they were read. */
  onGap(from: Position, to: Position): void;
}

interface Open {
  readonly segment: Segment;
  readonly source: ByteSource;
  readonly index: IndexCursor;
}

/**
 * Makes a reader; nothing is opened yet.
 * @param options which log, and where to begin
 */
export function createLogReader(options: LogReaderOptions): LogReader {
  const { live, spreadNs } = options;
  const window = createWindow();
  const runs = createRunReader(live);
  let position = options.position;
  let opened: Open | null = null;
  /** Lines since the index entry, -1 before the first. */
  let ordinal = -1;
  let hasLine = false;
  /** Written over line by line. */
  const line = {
    bytes: EMPTY,
    start: 0,
    end: 0,
    cut: false,
    unixNs: 0n,
    run: null as Run | null,
    seq: 0,
    endOffset: 0,
  };
  let atEnd = false;

  /** Opens the file of the position, or the next one there is. */
  async function openNext(after: boolean): Promise<boolean> {
    const listed = listSegments(live);
    const segments = settled(listed);
    const newest = segments.at(-1);
    atEnd = segments.length === listed.length;
    if (newest === undefined) return false;
    // The folder beside the log was removed: its numbers began anew.
    if (newest.seq < position.seq && !after) position = { seq: 0, offset: 0 };
    const wanted = after ? position.seq + 1 : position.seq;
    const segment = segments.find(({ seq }) => seq >= wanted);
    if (segment === undefined) return false;
    atEnd = false;
    if (segment.seq !== position.seq) {
      const next = { seq: segment.seq, offset: 0 };
      if (position.seq > 0 && segment.seq > wanted) options.onGap(position, next);
      position = next;
    }
    return await openSegment(segment);
  }

  async function openSegment(segment: Segment): Promise<boolean> {
    const index = openIndexCursor(segment.indexPath);
    // Emptied, and not yet opened anew under a number of its own: what it holds now is new.
    if (segment.kind === 'live' && segment.bytes < position.offset) position = { seq: segment.seq, offset: 0 };
    index.goTo(position.offset);
    const from = index.entry()?.offset ?? position.offset;
    try {
      const source = await openByteSource(segment, from);
      // Rolled between the list and the opening: the next look finds it under its number.
      if (segment.kind === 'live' && !isStill(live, segment, source)) {
        await source.close();
        index.close();
        return false;
      }
      opened = { segment, source, index };
    } catch (error) {
      index.close();
      // Compressed or deleted since the list was made.
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    window.reset(from);
    ordinal = -1;
    return true;
  }

  async function closeSegment(): Promise<void> {
    const closing = opened;
    opened = null;
    closing?.index.close();
    await closing?.source.close();
  }

  /** Takes the next whole line out of the window; lines before the position only count. */
  function take(file: Open): boolean {
    while (window.take()) {
      const { lineOffset, endOffset } = window;
      if (file.index.goTo(lineOffset)) ordinal = 0;
      else ordinal++;
      if (lineOffset < position.offset) continue;
      position = { seq: file.segment.seq, offset: endOffset };
      const { bytes, start, end, cut } = window;
      const unixNs = timeOf(file, lineOffset) + spreadNs;
      line.bytes = bytes;
      line.start = start;
      line.end = end;
      line.cut = cut;
      line.unixNs = unixNs;
      line.run = runs.at(file.segment.seq, lineOffset);
      line.seq = file.segment.seq;
      line.endOffset = endOffset;
      hasLine = true;
      return true;
    }
    hasLine = false;
    return false;
  }

  function timeOf({ index, segment }: Open, offset: number): bigint {
    const entry = index.entry();
    if (entry !== null) return entry.unixNs + BigInt(ordinal);
    // Older than the index: a line takes at least a byte, so that the times rise up to the first entry.
    const first = index.first();
    if (first !== null) return first.unixNs - BigInt(first.offset - offset);
    return BigInt(Math.round(segment.mtimeMs)) * 1_000_000n + BigInt(offset);
  }

  async function fill(): Promise<boolean> {
    let ended = false;
    for (;;) {
      if (opened === null && !(await openNext(false))) return false;
      if (opened === null) return false;
      const file: Open = opened;
      if (take(file)) return true;
      const bytes = await file.source.read(window.room(), window.used());
      window.grow(bytes);
      if (bytes > 0) {
        runs.refresh();
        continue;
      }
      if (file.segment.kind === 'live' && !ended) {
        if (!isRolled(live, file)) {
          atEnd = true;
          return false;
        }
        // Once more: it may have got its last lines between the end that was read and the roll.
        ended = true;
        continue;
      }
      if (window.takeRest()) continue;
      await closeSegment();
      if (!(await openNext(true))) return false;
      ended = false;
    }
  }

  return {
    line: () => (hasLine ? line : null),
    next: () => opened !== null && take(opened),
    fill,
    atEnd: () => atEnd,
    position: () => position,
    close: closeSegment,
  };
}

/** While a file is being rolled its number may be there twice; what lies under the live path is looked at next time. */
function settled(segments: readonly Segment[]): readonly Segment[] {
  const live = segments.at(-1);
  const twice = live?.kind === 'live' && segments.at(-2)?.seq === live.seq;
  return twice ? segments.slice(0, -1) : segments;
}

/** Whether what was opened under the live path, with the index beside it, is what the list told of. */
function isStill(live: string, { seq }: Segment, { inode }: ByteSource): boolean {
  const newest = settled(listSegments(live)).at(-1);
  return newest?.kind === 'live' && newest.seq === seq && inode === inodeOf(live);
}

function isRolled(live: string, { segment, source }: Open): boolean {
  const inode = inodeOf(live);
  if (inode === source.inode) return false;
  const newest = settled(listSegments(live)).at(-1);
  return newest !== undefined && (newest.kind !== 'live' || newest.seq > segment.seq);
}

function inodeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.ino ?? null;
}
