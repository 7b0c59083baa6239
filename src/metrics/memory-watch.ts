import type { Clock } from '../base/clock.ts';
import type { SampleRoot, Sampler } from './vitals.ts';

/** With the reaction of the daemon to a passed limit this keeps it below two seconds. */
const INTERVAL_MS = 1000;

/** A running process that has a memory limit. */
export interface LimitedProcess extends SampleRoot {
  readonly generation: number;
  readonly limitBytes: number;
}

export interface MemoryWatchOptions {
  readonly clock: Clock;
  readonly sampler: () => Promise<Sampler>;
  /** The running processes that have a limit, now. */
  list(): readonly LimitedProcess[];
  /** The resident memory of the process tree is above the limit; told again at each look as long as it is. */
  onExceeded(id: number, generation: number, rssBytes: number): void;
  onProblem(error: unknown): void;
}

/** Looks every second at the memory of all instances that have a limit: one timer, none while there is no such instance. */
export interface MemoryWatch {
  /** To be called when a process was started: looks begin if it has a limit, and end by themselves. */
  wake(): void;
  close(): void;
}

/**
 * Makes the watch; nothing is looked at before the first `wake`.
 * @param options what to watch and whom to tell
 */
export function createMemoryWatch(options: MemoryWatchOptions): MemoryWatch {
  let cancel: (() => void) | null = null;
  let closed = false;

  function arm(): void {
    cancel = options.clock.after(INTERVAL_MS, () => {
      look()
        .catch(options.onProblem)
        .finally(() => {
          cancel = null;
          wake();
        });
    });
  }

  async function look(): Promise<void> {
    const limited = options.list();
    const sampler = await options.sampler();
    const sampled = await sampler.sample(limited, 'basic');
    for (const { id, generation, limitBytes } of limited) {
      const rssBytes = sampled.get(id)?.rssBytes ?? 0;
      if (rssBytes > limitBytes && !closed) options.onExceeded(id, generation, rssBytes);
    }
  }

  function wake(): void {
    if (!closed && cancel === null && options.list().length > 0) arm();
  }

  return {
    wake,
    close() {
      closed = true;
      cancel?.();
    },
  };
}
