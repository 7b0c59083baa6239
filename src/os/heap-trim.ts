import { type Libc, loadLibc } from './libc.ts';

/**
 * Gives back to the system what the C library keeps of memory that was freed, a part of a millisecond of work. Nothing
 * happens where there is no `koffi`, or a C library that has no such call (musl).
 */
export type HeapTrim = () => void;

/**
 * Opens the call; the C library is loaded with the first use.
 * @param isWanted false: nothing is ever given back, and the C library is not loaded
 * @param load gives the C library
 * @see malloc_trim(3)
 */
export function openHeapTrim(isWanted: boolean, load: () => Libc | null = loadLibc): HeapTrim {
  let trim: HeapTrim | null = null;
  return () => {
    trim ??= prepare(isWanted ? load() : null);
    trim();
  };
}

function prepare(libc: Libc | null): HeapTrim {
  try {
    const call = libc?.func('int malloc_trim(size_t)');
    return call === undefined ? () => {} : () => void call(0);
  } catch {
    return () => {};
  }
}
