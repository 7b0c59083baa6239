import { APART_BYTES } from '../base/daemon-flags.ts';
import { createCollector } from './garbage.ts';
import { type Libc, loadLibc } from './libc.ts';

/** The memory of this process, JavaScript's and C's. */
export interface Heap {
  /** Has big blocks of C kept apart from now on, so that each goes back to the system once it is freed. */
  keepApart(): void;
  /** Gives back to the system what is not used. Takes tens of milliseconds, in which nothing else is done. */
  giveBack(): void;
}

/** mallopt(3). Set by hand it stays: else the first big block that is freed lets it grow up to 32 MB. */
const M_MMAP_THRESHOLD = -3;

/**
 * Opens it; the C library is loaded with the first use. Where there is no `koffi`, or a C library that has no such calls
 * (musl), only JavaScript's memory is given back.
 * @param isWanted false: the C library is not loaded
 * @param load gives the C library
 * @param collect takes JavaScript's garbage away
 * @see mallopt(3), malloc_trim(3)
 */
export function openHeap(isWanted: boolean, load: () => Libc | null = loadLibc, collect = createCollector()): Heap {
  let calls: Calls | null = null;
  const prepared = (): Calls => {
    calls ??= prepare(isWanted ? load() : null);
    return calls;
  };
  return {
    keepApart: () => void prepared(),
    giveBack() {
      collect();
      prepared().trim();
    },
  };
}

interface Calls {
  trim(): void;
}

function prepare(libc: Libc | null): Calls {
  try {
    libc?.func('int mallopt(int, int)')(M_MMAP_THRESHOLD, APART_BYTES);
    const trim = libc?.func('int malloc_trim(size_t)');
    return { trim: () => void trim?.(0) };
  } catch {
    return { trim() {} };
  }
}
