/** A place in a log over all its files: it stays the same when the live file is rolled and compressed. */
export interface Position {
  /** Number of the file. */
  readonly seq: number;
  /** Byte in it, as it was before compression. */
  readonly offset: number;
}

/** Before every line. */
export const BEGIN: Position = { seq: 0, offset: 0 };
/** After every line. */
export const END: Position = { seq: Number.MAX_SAFE_INTEGER, offset: Number.MAX_SAFE_INTEGER };

/**
 * Compares two places of one log.
 * @param a one place
 * @param b another
 * @returns below 0 when `a` comes first, 0 for the same, above 0 when `b` comes first
 */
export function comparePositions(a: Position, b: Position): number {
  return a.seq === b.seq ? a.offset - b.offset : a.seq - b.seq;
}

/**
 * The later of two places.
 * @param a one place
 * @param b another
 */
export function laterOf(a: Position, b: Position): Position {
  return comparePositions(a, b) < 0 ? b : a;
}

/**
 * The earlier of two places.
 * @param a one place
 * @param b another
 */
export function earlierOf(a: Position, b: Position): Position {
  return comparePositions(a, b) < 0 ? a : b;
}

/**
 * The part of one file that lies between two places.
 * @param seq number of the file
 * @param from first byte
 * @param to byte after the last
 * @returns offsets; `to` is beyond every file where the range goes on in the next one
 */
export function partOf(seq: number, from: Position, to: Position): { readonly from: number; readonly to: number } {
  return {
    from: seq === from.seq ? from.offset : 0,
    to: seq === to.seq ? to.offset : Number.MAX_SAFE_INTEGER,
  };
}
