import type { Clock } from '../base/clock.ts';
import type { RunMark, RunMarks } from '../os/run-mark.ts';
import type { LiveProcess } from './instance.ts';

/** Processes that have answered and done nothing since: what they would say is known. */
export interface RestWatch {
  /** A process has answered. */
  answered(process: LiveProcess): void;
  /** True when the process has not run since it came to rest after its last answer. */
  isAtRest(process: LiveProcess): boolean;
}

export interface RestWatchOptions {
  readonly clock: Clock;
  readonly marks: RunMarks;
}

interface Rest {
  readonly mark: RunMark;
  /** It is asked then, whatever it does. */
  readonly untilMs: number;
}

/** What an answer sets off in an idle process is over by then: its snapshot is written, its garbage is collected. */
const SETTLES_MS = 600;
/** A process that blocked for ever in the very moment after an answer has not run since either: the next question tells. */
const ASKED_AFTER_MS = 60_000;
/** Processes that were asked together are not all due together again. */
const SPREAD_MS = 1_000;
const SPREADS = 30;

/**
 * Makes a watch that knows nothing.
 * @param options the clock, and how to look at a process
 */
export function createRestWatch({ clock, marks }: RestWatchOptions): RestWatch {
  const rests = new WeakMap<LiveProcess, Rest>();
  let settling: LiveProcess[] = [];

  function settle(): void {
    const processes = settling;
    settling = [];
    for (const process of processes) {
      const mark = process.exited ? null : marks.read(process.pid);
      if (mark === null) continue;
      const spreadMs = (process.id % SPREADS) * SPREAD_MS;
      rests.set(process, { mark, untilMs: clock.nowMs() + ASKED_AFTER_MS - spreadMs });
    }
  }

  return {
    answered(process) {
      rests.delete(process);
      settling.push(process);
      if (settling.length === 1) clock.after(SETTLES_MS, settle);
    },
    isAtRest(process) {
      const rest = rests.get(process);
      return rest !== undefined && clock.nowMs() < rest.untilMs && marks.isStill(process.pid, rest.mark);
    },
  };
}
