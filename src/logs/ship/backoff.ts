import type { Clock } from '../../base/clock.ts';

export interface BackoffOptions {
  readonly baseMs: number;
  readonly mostMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 500, mostMs: 30_000 };

/**
 * How long to wait before a try: twice as long each time up to the most, of which the upper half is left to chance,
 * so that many shippers do not come back at once.
 * @param attempt 0 for the first repetition
 * @param jitter from 0 to 1
 * @param options the shortest and the longest wait
 * @returns milliseconds
 */
export function backoffMs(attempt: number, jitter: number, { baseMs, mostMs }: BackoffOptions): number {
  const full = Math.min(mostMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.5 + jitter / 2));
}

/**
 * Waits.
 * @param clock gives the time
 * @param delayMs how long
 * @param signals each ends the wait at once when aborted
 */
export function wait(clock: Clock, delayMs: number, ...signals: readonly AbortSignal[]): Promise<void> {
  if (delayMs <= 0 || signals.some(({ aborted }) => aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    for (const signal of signals) signal.addEventListener('abort', end);
  });
}

/** Lets so many bytes a second through, all streams together. */
export interface RateLimit {
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/**
 * Makes a rate limit; what one second allows may go at once.
 * @param clock gives the time
 * @param bytesPerSecond 0 for no limit
 */
export function createRateLimit(clock: Clock, bytesPerSecond: number): RateLimit {
  let left = bytesPerSecond;
  let atMs = clock.nowMs();
  return {
    async take(bytes, signal) {
      if (bytesPerSecond === 0) return;
      const nowMs = clock.nowMs();
      left = Math.min(bytesPerSecond, left + ((nowMs - atMs) / 1000) * bytesPerSecond);
      atMs = nowMs;
      // Taken on credit: whoever comes next waits for it, in turn.
      left -= bytes;
      if (left < 0) await wait(clock, (-left / bytesPerSecond) * 1000, signal);
    },
  };
}
