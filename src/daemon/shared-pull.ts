import type { Clock } from '../base/clock.ts';

/**
 * Lets those who ask at once, or shortly after each other, share one answer.
 * @param options the clock, how long an answer is fresh, and what gives a new one
 * @returns what gives the newest answer, or waits for the one under way
 */
export function createSharedPull(options: {
  readonly clock: Clock;
  readonly freshMs: number;
  readonly pull: () => Promise<void>;
}): () => Promise<void> {
  const { clock, freshMs, pull } = options;
  let newest: Promise<void> | null = null;
  let beganMs = 0;
  return () => {
    if (newest !== null && clock.nowMs() - beganMs < freshMs) return newest;
    beganMs = clock.nowMs();
    newest = pull();
    return newest;
  };
}
