import type { RollRules } from './rules.ts';
import { createSchedule, type Schedule } from './schedule.ts';

/** After a roll that failed the file is appended to for this long. */
const RETRY_MS = 10_000;

export interface Moment {
  readonly wallMs: number;
  /** Monotonic. */
  readonly nowMs: number;
}

/** What is about to be written. */
export interface Place {
  /** Bytes that are in the file, or on their way. */
  readonly atBytes: number;
  readonly bytes: number;
}

/** Decides when one file is rolled. */
export interface RollWatch {
  /** True when the file is to be rolled before these bytes are written to it. */
  isDue(rules: RollRules, place: Place, moment: Moment): boolean;
  /** The file is another one, or was opened; its content is as old as this. */
  began(sinceMs: number): void;
  /** A roll failed: not again at once. */
  failed(nowMs: number): void;
}

/**
 * Makes the watch of a file.
 * @returns a watch of an empty file
 */
export function createRollWatch(): RollWatch {
  let frequency = 'none';
  let schedule: Schedule = createSchedule(frequency);
  let sinceMs: number | null = null;
  /** When the file is rolled by time; null while that is not known. */
  let boundaryMs: number | null = null;
  let notBeforeMs = 0;

  function isPast(rules: RollRules, { atBytes }: Place, { wallMs }: Moment): boolean {
    if (rules.frequency !== frequency) {
      frequency = rules.frequency;
      schedule = createSchedule(frequency);
      boundaryMs = null;
    }
    sinceMs ??= wallMs;
    boundaryMs ??= schedule.next(sinceMs);
    if (boundaryMs === null || wallMs < boundaryMs) return false;
    if (atBytes > 0) return true;
    // An empty file begins its time with its first line.
    boundaryMs = schedule.next(wallMs);
    return false;
  }

  return {
    isDue(rules, place, moment) {
      const past = isPast(rules, place, moment);
      if (place.atBytes === 0 || moment.nowMs < notBeforeMs) return false;
      return past || isFull(rules, place);
    },
    began(atMs) {
      sinceMs = atMs;
      boundaryMs = null;
    },
    failed(nowMs) {
      notBeforeMs = nowMs + RETRY_MS;
    },
  };
}

function isFull({ maxSizeBytes }: RollRules, { atBytes, bytes }: Place): boolean {
  return maxSizeBytes > 0 && atBytes + bytes > maxSizeBytes;
}
