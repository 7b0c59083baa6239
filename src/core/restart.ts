import type { PolicySpec } from './spec.ts';

/** A life this long makes the instance sound again: the streak of deaths is forgotten. PM2's EXP_BACKOFF_RESET_TIMER. */
const STABLE_AFTER_MS = 30_000;
/** No back-off grows beyond this, as in PM2; jitter comes on top. */
export const LONGEST_DELAY_MS = 15_000;
/** The second death in a row waits this long when the user asked for no delay; the first waits not at all. */
const FIRST_DELAY_MS = 100;
const GROWTH = 1.5;
/** From here on a fixed `restart_delay` protects the machine by itself and is taken as it is. */
const SOUND_FIXED_DELAY_MS = 1_000;
const JITTER_SHARE = 0.1;

export interface Death {
  /** Milliseconds as a ready process; 0 if it never was ready. */
  readonly readyForMs: number;
  readonly code: number | null;
  /** True when the limit or a trigger ended it, so that `autorestart: false` and stop codes do not apply. */
  readonly wanted: boolean;
}

export interface Tally {
  readonly unstableRestarts: number;
  readonly streak: number;
}

export interface Verdict extends Tally {
  readonly next: 'starting' | 'backoff' | 'exited' | 'fatal';
  readonly delayMs: number;
}

/**
 * Decides what follows the death of a process that nobody told to stay down.
 * @param policy the app's restart policy
 * @param death how long it lived and how it ended
 * @param tally deaths so far
 * @param jitter 0..1
 * @returns where the instance goes, after which delay, and the new tally
 */
export function judge(policy: PolicySpec, death: Death, tally: Tally, jitter: number): Verdict {
  const stays = !death.wanted && (!policy.autorestart || isStopCode(policy, death.code));
  if (stays) return { next: 'exited', delayMs: 0, unstableRestarts: 0, streak: 0 };
  const unstableRestarts = death.readyForMs < policy.minUptimeMs ? tally.unstableRestarts + 1 : 0;
  const streak = death.readyForMs >= STABLE_AFTER_MS ? 1 : tally.streak + 1;
  if (!death.wanted && unstableRestarts >= policy.maxRestarts) {
    return { next: 'fatal', delayMs: 0, unstableRestarts, streak };
  }
  const delayMs = delayAfter(policy, streak, jitter);
  return { next: delayMs > 0 ? 'backoff' : 'starting', delayMs, unstableRestarts, streak };
}

function isStopCode(policy: PolicySpec, code: number | null): boolean {
  return code !== null && policy.stopExitCodes.includes(code);
}

/**
 * Delay before the start that follows the n-th death in a row.
 * @param policy `restart_delay` and `exp_backoff_restart_delay` in ms, 0 when not set
 * @param streak n, from 1
 * @param jitter 0..1, adds up to a tenth so that many apps do not start at one moment
 * @returns milliseconds; 0 means at once
 */
export function delayAfter(policy: PolicySpec, streak: number, jitter: number): number {
  const spread = 1 + JITTER_SHARE * jitter;
  if (policy.expBackoffRestartDelayMs > 0) {
    return Math.round(grown(policy.expBackoffRestartDelayMs, streak - 1) * spread);
  }
  if (policy.restartDelayMs >= SOUND_FIXED_DELAY_MS) return policy.restartDelayMs;
  const protective = streak <= 1 ? 0 : Math.round(grown(FIRST_DELAY_MS, streak - 2) * spread);
  return Math.max(policy.restartDelayMs, protective);
}

/** Rounded down at each step, as PM2 does (100 150 225 337 505), but never stuck: 1 ms grows too. */
function grown(firstMs: number, times: number): number {
  let delayMs = firstMs;
  for (let grownTimes = 0; grownTimes < times && delayMs < LONGEST_DELAY_MS; grownTimes += 1) {
    delayMs = Math.min(LONGEST_DELAY_MS, Math.max(delayMs + 1, Math.floor(delayMs * GROWTH)));
  }
  return delayMs;
}
