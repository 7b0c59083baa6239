const NEWLINE = 10;
/** Loki refuses longer lines (max_line_size, 256 KB by default). Room for the mark of a cut is left. */
const MAX_SHIP_LINE_BYTES = 256 * 1024 - 16;
const FIRST_BYTES = 64 * 1024;
const MOST_BYTES = 320 * 1024;

/** The bytes of a file that were read last, and the lines in them. */
export interface Window {
  /** Memory of the line that was taken: `bytes` from `start` to `end`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly cut: boolean;
  /** Where the line begins in the file, and where the next one does. */
  readonly lineOffset: number;
  readonly endOffset: number;
  /** Forgets all; what is read next comes from this offset of the file. */
  reset(offset: number): void;
  /** Goes to the next whole line. */
  take(): boolean;
  /** Makes a line of what is left at the end of a file; false when nothing is left. */
  takeRest(): boolean;
  /** Memory to read to, from `used` on. */
  room(): Buffer;
  used(): number;
  /** So many bytes were read. */
  grow(bytes: number): void;
}

/** Makes an empty window: 64 KiB, and up to 320 KiB once a line is longer. */
export function createWindow(): Window {
  let bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  let filled = bytes.subarray(0, 0);
  /** Where the bytes that are not taken yet begin, and where they lie in the file. */
  let from = 0;
  let offset = 0;
  /** Bytes of the present line that were thrown away, as it is longer than what is kept. */
  let skipped = 0;
  /** No newline before here. */
  let searched = 0;
  let rest = false;
  const line = { start: 0, end: 0, cut: false, lineOffset: 0, endOffset: 0 };

  function found(end: number, after: number): true {
    const long = skipped > 0 || end - from > MAX_SHIP_LINE_BYTES;
    line.start = from;
    line.end = long ? characterEnd(bytes, from, from + MAX_SHIP_LINE_BYTES) : end;
    line.cut = long;
    line.lineOffset = offset;
    line.endOffset = offset + (after - from) + skipped;
    offset = line.endOffset;
    from = after;
    searched = after;
    skipped = 0;
    return true;
  }

  function room(): Buffer {
    const held = filled.length - from;
    if (from > 0) bytes.copyWithin(0, from, filled.length);
    searched -= from;
    from = 0;
    filled = bytes.subarray(0, held);
    if (held < bytes.length) return bytes;
    if (bytes.length < MOST_BYTES) {
      const grown = Buffer.allocUnsafeSlow(MOST_BYTES);
      bytes.copy(grown);
      bytes = grown;
      filled = bytes.subarray(0, held);
    } else {
      // What is kept is enough to see that the line is too long; the rest only counts.
      skipped += held - MAX_SHIP_LINE_BYTES - 1;
      searched = MAX_SHIP_LINE_BYTES + 1;
      filled = bytes.subarray(0, searched);
    }
    return bytes;
  }

  return {
    get bytes() {
      return bytes;
    },
    get start() {
      return line.start;
    },
    get end() {
      return line.end;
    },
    get cut() {
      return line.cut;
    },
    get lineOffset() {
      return line.lineOffset;
    },
    get endOffset() {
      return line.endOffset;
    },
    reset(at) {
      filled = bytes.subarray(0, 0);
      from = 0;
      searched = 0;
      skipped = 0;
      offset = at;
      rest = false;
    },
    take() {
      if (rest) {
        rest = false;
        return found(filled.length, filled.length);
      }
      const at = filled.indexOf(NEWLINE, searched);
      if (at >= 0) return found(at, at + 1);
      searched = filled.length;
      return false;
    },
    takeRest() {
      rest = from < filled.length;
      return rest;
    },
    room,
    used: () => filled.length,
    grow(read) {
      filled = bytes.subarray(0, filled.length + read);
    },
  };
}

/** Where the last whole UTF-8 character before `end` ends, where a cut may be. */
function characterEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > Math.max(start, end - 4) && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
