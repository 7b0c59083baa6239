import { holdChunk, releaseChunk } from './chunks.ts';
import type { Run } from './runs.ts';
import type { SinkOwner } from './sink.ts';

/** One stream that writes to a file. */
export interface Writer {
  readonly owner: SinkOwner;
  pendingBytes: number;
  writtenBytes: number;
}

interface Entry {
  readonly chunk: Buffer;
  readonly lines: number;
  /** Null for the newline that ends a line torn by a full disk. */
  readonly writer: Writer | null;
  /** The process whose lines these are, null where that is not known. */
  readonly run: Run | null;
  /** Bytes not written yet. */
  leftBytes: number;
}

/** What a file has taken but not written, in order: first what was handed to the disk, then what waits. */
export interface WriteQueue {
  add(chunk: Buffer, lines: number, writer: Writer, run?: Run | null): void;
  /** Puts a newline in front of what waits; only while nothing is handed over. */
  addNewlineFirst(): void;
  /** The next chunk to hand to the disk and whose it is, or null. */
  peek(): Readonly<Pick<Entry, 'chunk' | 'writer' | 'run'>> | null;
  /** That chunk was handed to the disk. */
  handOver(): void;
  /** The disk has written the next `bytes` of what was handed over. */
  written(bytes: number): void;
  /** Gives up everything; tells each owner of a line how many it lost. */
  dropAll(): Dropped;
  pendingBytes(): number;
  /** Handed over and not written. */
  handedBytes(): number;
  /** Bytes ever written or given up. */
  settledBytes(): number;
}

export interface Dropped {
  readonly lines: number;
  /** Lines by writer. */
  readonly byWriter: ReadonlyMap<Writer, number>;
  /** True when the file now ends in the middle of a line. */
  readonly torn: boolean;
}

const NEWLINE = Buffer.from('\n');

/**
 * Makes a queue. Its length is bounded by whoever adds.
 * @returns empty
 */
export function createWriteQueue(): WriteQueue {
  let entries: Entry[] = [];
  /** Index of the first entry that is not wholly written. */
  let head = 0;
  /** Index of the first entry that is not handed over. */
  let waiting = 0;
  let pendingBytes = 0;
  let handedBytes = 0;
  let settledBytes = 0;

  function written(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const entry = entries[head];
      if (entry === undefined) break;
      const part = Math.min(left, entry.leftBytes);
      left -= part;
      settle(entry, part);
      if (entry.writer !== null) entry.writer.writtenBytes += part;
      if (entry.leftBytes > 0) break;
      releaseChunk(entry.chunk);
      head++;
    }
    if (head === entries.length) restart();
  }

  function settle(entry: Entry, bytes: number): void {
    entry.leftBytes -= bytes;
    pendingBytes -= bytes;
    handedBytes -= bytes;
    settledBytes += bytes;
    if (entry.writer !== null) entry.writer.pendingBytes -= bytes;
  }

  function restart(): void {
    entries = [];
    head = 0;
    waiting = 0;
  }

  function dropAll(): Dropped {
    const byWriter = new Map<Writer, number>();
    const first = entries[head];
    const torn = first !== undefined && endsTorn(first);
    let lines = 0;
    for (const entry of entries.slice(head)) {
      const lost = linesLeft(entry);
      lines += lost;
      settle(entry, entry.leftBytes);
      if (entry.writer !== null) byWriter.set(entry.writer, (byWriter.get(entry.writer) ?? 0) + lost);
    }
    handedBytes = 0;
    restart();
    return { lines, byWriter, torn };
  }

  return {
    add(chunk, lines, writer, run = null) {
      holdChunk(chunk);
      entries.push({ chunk, lines, writer, run, leftBytes: chunk.length });
      pendingBytes += chunk.length;
      writer.pendingBytes += chunk.length;
    },
    addNewlineFirst() {
      entries.splice(head, 0, { chunk: NEWLINE, lines: 0, writer: null, run: null, leftBytes: 1 });
      pendingBytes += 1;
    },
    peek: () => entries[waiting] ?? null,
    handOver() {
      handedBytes += entries[waiting]?.chunk.length ?? 0;
      waiting++;
    },
    written,
    dropAll,
    pendingBytes: () => pendingBytes,
    handedBytes: () => handedBytes,
    settledBytes: () => settledBytes,
  };
}

/** True when the file ends in the middle of a line: of this entry, or of an older one that this newline was to end. */
function endsTorn({ chunk, leftBytes, writer }: Entry): boolean {
  if (writer === null) return true;
  return leftBytes < chunk.length && chunk[chunk.length - leftBytes - 1] !== 10;
}

/** Lines of an entry that are not wholly written. */
function linesLeft(entry: Entry): number {
  if (entry.leftBytes === entry.chunk.length) return entry.lines;
  let lines = 0;
  for (let at = entry.chunk.length - entry.leftBytes; at < entry.chunk.length; at++)
    if (entry.chunk[at] === 10) lines++;
  return lines;
}
