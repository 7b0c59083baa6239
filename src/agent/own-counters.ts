import { guarded } from './guard.ts';

/** Only in an app whose own metrics somebody reads. */
const LOOK_EVERY_MS = 1_000;
/** Less work than this since the last look was hardly more than the looks themselves. */
const IDLE_MS = 0.5;
/** Reading costs at most this share of the time. */
const COST_RATIO = 0.01;

/** The app's own counters, which may grow without a request that could tell. */
export interface OwnCounters {
  /** Begins to look at them now and then. */
  start(): void;
  /** Takes note of what was written anyway. */
  note(text: string): void;
}

export interface OwnCountersOptions {
  /** All of them, as text. */
  read(): string;
  onChange(): void;
}

/**
 * Makes a watch that is off. On it wakes the process once a second for some microseconds, and reads when it has worked.
 * @param options how to read, and what to do when something has changed
 * @returns the watch
 */
export function watchOwnCounters({ read, onChange }: OwnCountersOptions): OwnCounters {
  let isOn = false;
  let known = '';
  let activeMs = 0;
  const lookIn = (delayMs: number) => void setTimeout(look, delayMs).unref();
  const look = guarded(() => {
    const { active } = performance.eventLoopUtilization();
    if (active - activeMs < IDLE_MS) return lookIn(LOOK_EVERY_MS);
    activeMs = active;
    const beginMs = performance.now();
    const hasChanged = read() !== known;
    lookIn(Math.max(LOOK_EVERY_MS, (performance.now() - beginMs) / COST_RATIO));
    if (hasChanged) onChange();
  });
  return {
    start() {
      if (isOn) return;
      isOn = true;
      lookIn(LOOK_EVERY_MS);
    },
    note(text) {
      known = text;
    },
  };
}
