const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The times at which a file is rolled. */
export interface Schedule {
  /** Unix ms of the next time after a moment; null while it is not known, Infinity when there is none. */
  next(afterMs: number): number | null;
}

/**
 * Makes the schedule of a frequency; croner is loaded for the first cron pattern.
 * @param frequency `none`, `hourly`, `daily`, or a cron pattern (local time)
 * @returns the schedule; a pattern that means nothing never comes up
 */
export function createSchedule(frequency: string): Schedule {
  if (frequency === 'none') return { next: () => Number.POSITIVE_INFINITY };
  if (frequency === 'hourly') return { next: nextHour };
  return frequency === 'daily' ? { next: nextMidnight } : cronSchedule(frequency);
}

/** Zones that are off by half hours have their full hours there; an hour that a clock change repeats counts twice. */
function nextHour(afterMs: number): number {
  const shiftMs = (new Date(afterMs).getTimezoneOffset() * MINUTE_MS) % HOUR_MS;
  return (Math.floor((afterMs - shiftMs) / HOUR_MS) + 1) * HOUR_MS + shiftMs;
}

function nextMidnight(afterMs: number): number {
  const date = new Date(afterMs);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

function cronSchedule(pattern: string): Schedule {
  let next: Schedule['next'] = () => null;
  const never = () => Number.POSITIVE_INFINITY;
  import('croner')
    .then(
      ({ Cron }) => {
        const cron = new Cron(pattern, { sloppyRanges: true, paused: true });
        next = (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? Number.POSITIVE_INFINITY;
      },
      () => {
        next = never;
      },
    )
    .catch(() => {
      // Patterns are checked where they are read.
      next = never;
    });
  return { next: (afterMs) => next(afterMs) };
}
