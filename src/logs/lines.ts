const NEWLINE = 10;
/** Longer lines are cut: Loki refuses more, and a line is the unit that is kept in memory. */
export const MAX_LINE_BYTES = 256 * 1024;
const CUT_MARK = Buffer.from(' ...[cut]\n');
const FIRST_CARRY_BYTES = 512;
/** Where all cutters join what they carried with what came: used within one call only. */
const JOINED = Buffer.allocUnsafeSlow(MAX_LINE_BYTES + 64 * 1024);

/** Turns pieces of a byte stream into chunks of whole lines. */
export interface LineCutter {
  /** Takes a piece; it may be written over once the call has returned. */
  push(piece: Buffer): void;
  /** Ends an unfinished line with a newline, as no more of it will come. */
  finish(): void;
  /** The unfinished line as far as it came, null without one. */
  rest(): Buffer | null;
}

export interface LineHandlers {
  /** A chunk of whole lines, each with its newline, and how many; it is written over once the call has returned. */
  onLines(chunk: Buffer, lines: number): void;
  /** A line was too long and lost its end. */
  onCut(): void;
}

/**
 * Makes a cutter. It cuts at newlines only, so UTF-8 is never split; what is unfinished waits for its newline.
 * @param handlers get the lines in the order of the bytes
 * @returns the cutter; it holds at most one line of MAX_LINE_BYTES
 */
export function createLineCutter(handlers: LineHandlers): LineCutter {
  /** The unfinished line: the first `carried` bytes of it. */
  let carry: Buffer | null = null;
  let carried = 0;
  /** True while the rest of a cut line goes by. */
  let skipping = false;

  function push(piece: Buffer): void {
    const start = skipping ? skipLine(piece) : 0;
    if (start === piece.length) return;
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end <= start) {
      keep(piece, start);
      return;
    }
    const chunk = carried === 0 ? piece.subarray(start, end) : joinCarry(piece, start, end);
    if (chunk !== null) handlers.onLines(chunk, countNewlines(chunk));
    if (end < piece.length) keep(piece, end);
  }

  /** Index after the newline that ends the cut line; the end of the piece when it has none. */
  function skipLine(piece: Buffer): number {
    const at = piece.indexOf(NEWLINE);
    skipping = at === -1;
    return skipping ? piece.length : at + 1;
  }

  function joinCarry(piece: Buffer, start: number, end: number): Buffer | null {
    const newlineAt = piece.indexOf(NEWLINE, start);
    if (carry === null || carried + newlineAt - start > MAX_LINE_BYTES) {
      keep(piece.subarray(0, newlineAt), start);
      skipping = false;
      return newlineAt + 1 === end ? null : piece.subarray(newlineAt + 1, end);
    }
    const bytes = carried + end - start;
    const chunk = bytes <= JOINED.length ? JOINED.subarray(0, bytes) : Buffer.allocUnsafe(bytes);
    carry.copy(chunk, 0, 0, carried);
    piece.copy(chunk, carried, start, end);
    clear();
    return chunk;
  }

  /** Carries the unfinished line on, or cuts it when it is too long. */
  function keep(piece: Buffer, start: number): void {
    const length = piece.length - start;
    const total = Math.min(carried + length, MAX_LINE_BYTES);
    const buffer = withRoom(total);
    piece.copy(buffer, carried, start, start + total - carried);
    const isCut = carried + length > MAX_LINE_BYTES;
    carried = total;
    if (!isCut) return;
    const kept = characterEnd(buffer, total);
    clear();
    skipping = true;
    handlers.onCut();
    handlers.onLines(Buffer.concat([buffer.subarray(0, kept), CUT_MARK]), 1);
  }

  function withRoom(bytes: number): Buffer {
    if (carry !== null && carry.length >= bytes) return carry;
    const size = Math.max(bytes, FIRST_CARRY_BYTES, Math.min((carry?.length ?? 0) * 2, MAX_LINE_BYTES));
    const grown = Buffer.allocUnsafe(size);
    carry?.copy(grown, 0, 0, carried);
    carry = grown;
    return grown;
  }

  function clear(): void {
    carry = null;
    carried = 0;
  }

  function finish(): void {
    skipping = false;
    if (carry === null) return;
    const line = Buffer.allocUnsafe(carried + 1);
    carry.copy(line, 0, 0, carried);
    line[carried] = NEWLINE;
    clear();
    handlers.onLines(line, 1);
  }

  return {
    push,
    finish,
    rest: () => (carry === null || carried === 0 ? null : Buffer.from(carry.subarray(0, carried))),
  };
}

/** Where the last whole UTF-8 character ends: a character has at most three bytes of the form 10xxxxxx. */
function characterEnd(buffer: Buffer, end: number): number {
  let start = end - 1;
  while (start > end - 4 && ((buffer[start] ?? 0) & 0xc0) === 0x80) start--;
  const lead = buffer[start] ?? 0;
  if (lead < 0xc0) return end;
  const length = characterBytes(lead);
  return start + length > end ? start : end;
}

function characterBytes(lead: number): number {
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/**
 * Counts newlines.
 * @param chunk any bytes
 * @returns how many of them are 10
 */
function countNewlines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
