import { isUtf8 } from 'node:buffer';
import type { Run } from '../runs.ts';
import { createEncoder, type Encoder, type Piece } from './encode.ts';

/** At most this much JSON in a push, before gzip. */
const BATCH_BYTES = 1024 * 1024;
/** Of at least 40 bytes each. */
const MOST_ENTRIES = 16 * 1024;

/** Where a reader of a log stands: before the byte `offset` of the file that has the number `seq`. */
export interface Position {
  readonly seq: number;
  readonly offset: number;
}

/** One line, as a view into the bytes it was read to. */
export interface LineView {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** True when the line was longer than what is here. */
  readonly cut: boolean;
  readonly unixNs: bigint;
  /** The process that wrote it, null where that is not known. */
  readonly run: Run | null;
  /** Place after the line. */
  readonly seq: number;
  readonly endOffset: number;
}

/** The lines of one push of one stream, encoded. Entries are numbered from 0. */
export interface Batch {
  /**
   * Adds a line.
   * @param line the line
   * @param file which of the stream's files it is of
   * @param tail the rest of its entry, from `encodeTail`
   * @returns false when there is no room for it: the batch is full
   */
  add(line: LineView, file: number, tail: Buffer): boolean;
  entries(): number;
  /** Bytes of the lines from one entry up to another. */
  lineBytes(from: number, to: number): number;
  /** Where each file stands once the entries up to this one are taken, for those files that have some among them. */
  positions(from: number, to: number): ReadonlyMap<number, Position>;
  /** Unix milliseconds of an entry. */
  timeMs(entry: number): number;
  /** The JSON of a push of some of the entries; valid until the next line is added. */
  body(from: number, to: number): Buffer;
  /** Begins anew. */
  clear(): void;
}

/** Memory of one push, used again and again: a busy shipper makes no garbage that a collector has to find. */
export interface BatchMemory {
  readonly json: Buffer;
  readonly starts: Int32Array;
  readonly files: Int32Array;
  readonly bytes: Int32Array;
  readonly seqs: Float64Array;
  readonly ends: Float64Array;
  readonly times: Float64Array;
}

/** Takes the memory for one push: 1.6 MB. */
export function newBatchMemory(): BatchMemory {
  const whole = () => new Int32Array(MOST_ENTRIES);
  const large = () => new Float64Array(MOST_ENTRIES);
  const json = Buffer.allocUnsafeSlow(BATCH_BYTES);
  return { json, starts: whole(), files: whole(), bytes: whole(), seqs: large(), ends: large(), times: large() };
}

/**
 * Makes a batch.
 * @param memory which the batch has for itself
 * @param labels of the stream
 */
export function createBatch(memory: BatchMemory, labels: Readonly<Record<string, string>>): Batch {
  const { files, bytes, seqs, ends, times } = memory;
  const encoder: Encoder = createEncoder(memory, labels);

  function add(line: LineView, file: number, tail: Buffer): boolean {
    const at = encoder.entries();
    if (at === MOST_ENTRIES || !encoder.add(line.unixNs, validText(line), tail)) return false;
    files[at] = file;
    seqs[at] = line.seq;
    ends[at] = line.endOffset;
    bytes[at] = line.end - line.start;
    times[at] = Number(line.unixNs / 1_000_000n);
    return true;
  }

  return {
    add,
    entries: encoder.entries,
    lineBytes(from, to) {
      let sum = 0;
      for (let at = from; at < to; at++) sum += bytes[at] ?? 0;
      return sum;
    },
    positions(from, to) {
      const found = new Map<number, Position>();
      // The last entry of each file, from the end on: most streams have one file.
      for (let at = to - 1; at >= from; at--) {
        const file = files[at] ?? 0;
        if (!found.has(file)) found.set(file, { seq: seqs[at] ?? 0, offset: ends[at] ?? 0 });
      }
      return found;
    },
    timeMs: (entry) => times[entry] ?? 0,
    body: encoder.body,
    clear: encoder.clear,
  };
}

/** Bytes that are no UTF-8 would make the whole push invalid. */
function validText(line: LineView): Piece {
  const { bytes, start, end, cut } = line;
  if (isAscii(bytes, start, end) || isUtf8(bytes.subarray(start, end))) return line;
  const text = Buffer.from(bytes.toString('utf8', start, end));
  return { bytes: text, start: 0, end: text.length, cut };
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) >= 0x80) return false;
  return true;
}
