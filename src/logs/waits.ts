import type { Clock } from '../base/clock.ts';

const SETTLE_LIMIT_MS = 2000;

/** Who waits for a file: for room, or for its bytes to be on disk. */
export interface Waits {
  /** Calls back at the next `drain`, once. */
  onDrain(callback: () => void): void;
  drain(): void;
  /** Resolves when `advance` has reached the byte, at the latest after two seconds. */
  until(atBytes: number, nowBytes: number): Promise<void>;
  advance(nowBytes: number): void;
}

interface Waiting {
  readonly atBytes: number;
  readonly end: () => void;
}

/**
 * Makes the waits of one file.
 * @param clock for the bound
 * @returns nobody waits
 */
export function createWaits(clock: Clock): Waits {
  let draining: (() => void)[] = [];
  let waiting: Waiting[] = [];

  return {
    onDrain(callback) {
      draining.push(callback);
    },
    drain() {
      if (draining.length === 0) return;
      const callbacks = draining;
      draining = [];
      for (const callback of callbacks) callback();
    },
    until(atBytes, nowBytes) {
      if (nowBytes >= atBytes) return Promise.resolve();
      return new Promise((resolve) => {
        const cancel = clock.after(SETTLE_LIMIT_MS, resolve);
        const end = () => {
          cancel();
          resolve();
        };
        waiting.push({ atBytes, end });
      });
    },
    advance(nowBytes) {
      if (waiting.length === 0) return;
      const done = waiting.filter(({ atBytes }) => nowBytes >= atBytes);
      waiting = waiting.filter(({ atBytes }) => nowBytes < atBytes);
      for (const { end } of done) end();
    },
  };
}
