/** Lines of a family that are one piece of an answer. So many: of one that has changed the others are copied, not made. */
export const BLOCK_LINES = 256;

/** The newest text of some lines, and which of them are not of now any more. */
export interface Block {
  /** Never changed: an answer under way may hold it. */
  bytes: Buffer;
  /** Bytes before the first line. */
  head: number;
  /** Lines in `bytes`, and where each of them ends. */
  lines: number;
  readonly ends: Uint32Array;
  /** By line. It is kept here, as a page may fail half-way. */
  readonly isOld: Uint8Array;
  /** Whether any line is old, or there are more or fewer. */
  hasChanged: boolean;
}

/** What the lines of a block are now. */
export interface Lines {
  readonly head: string;
  readonly count: number;
  text(line: number): string;
}

export function newBlock(): Block {
  return {
    bytes: Buffer.alloc(0),
    head: 0,
    lines: 0,
    ends: new Uint32Array(BLOCK_LINES),
    isOld: new Uint8Array(BLOCK_LINES),
    hasChanged: true,
  };
}

/** Of UTF-8, by units of UTF-16. */
const MOST_BYTES_OF_CHARACTER = 3;

/** A block is made here, and cut off at its size. */
let draft = Buffer.allocUnsafeSlow(128 * 1024);
let drafted = 0;

/**
 * Brings a block up to date: lines that are old are made anew, the others are copied as they are.
 * @param block of before, with the lines that are old
 * @param lines as they are now; the head is that of before, once there was one
 */
export function renewBlock(block: Block, { head, count, text }: Lines): void {
  const { bytes, ends, isOld } = block;
  drafted = 0;
  if (block.lines === 0) block.head = write(head);
  else copy(bytes, 0, block.head);
  let oldEnd = block.head;
  for (let line = 0; line < count; ) {
    const first = line;
    const start = oldEnd;
    const shift = drafted - start;
    while (line < count && line < block.lines && isOld[line] === 0) {
      oldEnd = ends[line] ?? 0;
      ends[line++] = oldEnd + shift;
    }
    if (line > first) copy(bytes, start, oldEnd);
    let run = '';
    const made = line;
    while (line < count && (line >= block.lines || isOld[line] !== 0)) {
      if (line < block.lines) oldEnd = ends[line] ?? 0;
      run += text(line);
      ends[line++] = drafted + run.length;
    }
    const written = write(run);
    // A character may be more bytes than one.
    if (written !== run.length) measure(ends, { from: made, to: line, start: drafted - written, text });
  }
  block.bytes = Buffer.from(draft.subarray(0, drafted));
  block.lines = count;
  block.hasChanged = false;
  isOld.fill(0);
}

interface Run extends Pick<Lines, 'text'> {
  readonly from: number;
  readonly to: number;
  readonly start: number;
}

function measure(ends: Uint32Array, { from, to, start, text }: Run): void {
  let end = start;
  for (let line = from; line < to; line++) {
    end += Buffer.byteLength(text(line));
    ends[line] = end;
  }
}

/** Returns bytes. */
function write(text: string): number {
  if (text === '') return 0;
  reserve(text.length * MOST_BYTES_OF_CHARACTER);
  const written = draft.write(text, drafted);
  drafted += written;
  return written;
}

function copy(bytes: Buffer, from: number, to: number): void {
  reserve(to - from);
  drafted += bytes.copy(draft, drafted, from, to);
}

function reserve(bytes: number): void {
  if (draft.length - drafted >= bytes) return;
  const larger = Buffer.allocUnsafeSlow((drafted + bytes) * 2);
  draft.copy(larger, 0, 0, drafted);
  draft = larger;
}
