import { messageOf } from '../base/errors.ts';

/** The time in which a file cannot be written: told once at its begin and once at its end, with what it cost. */
export interface Outage {
  /** A failure; lines that went with it. */
  failed(error: unknown, lines: number): void;
  /** Lines dropped meanwhile. */
  lost(lines: number): void;
  /** Something was written. */
  over(): void;
}

/**
 * Makes the outages of one file.
 * @param report takes sentences about the file
 * @returns the file is well
 */
export function createOutage(report: (problem: string) => void): Outage {
  /** Lines dropped since the file was last well; null while it is well. */
  let dropped: number | null = null;
  return {
    failed(error, lines) {
      if (dropped === null) report(`expected to write the log, got "${messageOf(error)}"; lines are dropped meanwhile`);
      dropped = (dropped ?? 0) + lines;
    },
    lost(lines) {
      if (dropped !== null) dropped += lines;
    },
    over() {
      if (dropped !== null) report(`is written again, ${dropped} lines were dropped`);
      dropped = null;
    },
  };
}
