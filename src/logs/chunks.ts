/** Smaller chunks come from Node's own pool or from malloc, at no cost worth saving. */
const SMALL_BYTES = 16 * 1024;
/** Room for one read (64 KiB) with a JSON record around lines of 50 bytes; what is not touched costs no memory. */
const SLAB_BYTES = 256 * 1024;
/** Slabs kept for later: 2 MiB together. */
const MAX_SPARE = 8;

const spare: ArrayBufferLike[] = [];
const users = new WeakMap<ArrayBufferLike, number>();

/**
 * Gives memory for a chunk on its way to files. Big ones come from slabs that are used again: fresh memory for every
 * read costs more (page faults, garbage) than reading, looking through and copying it.
 * @param bytes length
 * @returns memory with any content, with one user
 */
export function takeChunk(bytes: number): Buffer {
  if (bytes < SMALL_BYTES || bytes > SLAB_BYTES) return Buffer.allocUnsafe(bytes);
  const slab = spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES).buffer;
  users.set(slab, 1);
  return Buffer.from(slab, 0, bytes);
}

/**
 * Adds a user to a chunk.
 * @param chunk memory that still has a user
 */
export function holdChunk(chunk: Buffer): void {
  if (chunk.length < SMALL_BYTES) return;
  const count = users.get(chunk.buffer);
  if (count !== undefined) users.set(chunk.buffer, count + 1);
}

/**
 * Takes a user from a chunk; after the last one its memory is used again. A user that cannot tell when it is done
 * (a write that hangs) does not release: then the garbage collector does it.
 * @param chunk memory that this user touches no more
 */
export function releaseChunk(chunk: Buffer): void {
  if (chunk.length < SMALL_BYTES) return;
  const count = users.get(chunk.buffer);
  if (count === undefined) return;
  if (count > 1) {
    users.set(chunk.buffer, count - 1);
    return;
  }
  users.delete(chunk.buffer);
  if (spare.length < MAX_SPARE) spare.push(chunk.buffer);
}
