import type { Clock } from '../base/clock.ts';
import type { Heap } from '../os/heap.ts';

/** Nothing has changed for so long: what a burst has freed is not needed again at once. */
const QUIET_MS = 5_000;

export interface HeapRest {
  /** Something has changed. */
  touch(): void;
  close(): void;
}

/**
 * Has memory given back once the daemon has come to rest. A daemon at rest is not woken for it.
 * @param clock for the delay
 * @param heap gives memory back
 */
export function createHeapRest(clock: Clock, heap: Heap): HeapRest {
  let cancel: (() => void) | null = null;
  let newestMs = 0;

  function arm(delayMs: number): void {
    cancel = clock.after(delayMs, () => {
      const waitMs = newestMs + QUIET_MS - clock.nowMs();
      cancel = null;
      if (waitMs > 0) arm(waitMs);
      else heap.giveBack();
    });
  }

  return {
    touch() {
      newestMs = clock.nowMs();
      if (cancel !== null) return;
      heap.keepApart();
      arm(QUIET_MS);
    },
    close() {
      cancel?.();
      cancel = null;
    },
  };
}
