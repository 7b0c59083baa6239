import { performance } from 'node:perf_hooks';

/** Time as the product sees it: monotonic for decisions, wall for stamps. */
export interface Clock {
  /** Monotonic milliseconds, with fractions. */
  nowMs(): number;
  /** Unix time in milliseconds. */
  wallMs(): number;
  /** Calls back once after the delay; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** setTimeout takes at most 2^31-1 ms: https://nodejs.org/api/timers.html */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMEOUT_MS));
    return () => clearTimeout(timer);
  },
};
