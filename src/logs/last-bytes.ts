const MAX_BYTES = 8 * 1024;
const FIRST_BYTES = 512;

/** The last bytes of a stream: grows with what comes, to 8 KiB, then goes round. */
export interface LastBytes {
  append(piece: Buffer): void;
  /** A copy, oldest byte first. */
  read(): Buffer;
  /** True when older bytes were written over. */
  wrapped(): boolean;
}

/**
 * Makes the memory of a stream's last words.
 * @returns empty; it takes memory when bytes come
 */
export function createLastBytes(): LastBytes {
  let ring: Buffer = Buffer.alloc(0);
  /** Bytes ever appended; the next one goes to `total % ring.length`. */
  let total = 0;

  function append(piece: Buffer): void {
    const tail = piece.length > MAX_BYTES ? piece.subarray(piece.length - MAX_BYTES) : piece;
    if (tail.length === 0) return;
    grow(tail.length);
    const skipped = piece.length - tail.length;
    const at = (total + skipped) % ring.length;
    const first = Math.min(tail.length, ring.length - at);
    tail.copy(ring, at, 0, first);
    if (first < tail.length) tail.copy(ring, 0, first);
    total += piece.length;
  }

  /** A ring below its full size has not gone round, so that its bytes can be taken over as they lie. */
  function grow(more: number): void {
    const needed = Math.min(total + more, MAX_BYTES);
    if (needed <= ring.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, ring.length * 2, FIRST_BYTES), MAX_BYTES));
    ring.copy(grown, 0, 0, total);
    ring = grown;
  }

  return {
    append,
    read() {
      if (total <= ring.length) return Buffer.from(ring.subarray(0, total));
      const at = total % ring.length;
      return Buffer.concat([ring.subarray(at), ring.subarray(0, at)]);
    },
    wrapped: () => total > ring.length,
  };
}

/**
 * Reads the last lines of what is remembered.
 * @param bytes the memory of a stream
 * @param count lines at most
 * @returns lines without newlines, oldest first; a line whose begin is lost is left out, unless it is all there is
 */
export function lastLinesOf(bytes: LastBytes, count: number): string[] {
  const lines = bytes.read().toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (bytes.wrapped() && lines.length > 1) lines.shift();
  return count <= 0 ? [] : lines.slice(-count);
}
