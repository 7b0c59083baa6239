import { performance } from 'node:perf_hooks';

/** Time as the product sees it: monotonic for decisions, wall for stamps. */
export interface Clock {
  /** Monotonic milliseconds, with fractions: of the boot, so that a daemon can read what the one before it noted. */
  nowMs(): number;
  /** Unix time in milliseconds. */
  wallMs(): number;
  /** Calls back once after the delay; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** setTimeout takes at most 2^31-1 ms: https://nodejs.org/api/timers.html */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** performance.now() counts from the start of the process, on the same clock: clock_gettime(2), CLOCK_MONOTONIC. */
const STARTED_AT_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  nowMs: () => STARTED_AT_MS + performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMEOUT_MS));
    return () => clearTimeout(timer);
  },
};
