import type { Clock } from '../base/clock.ts';
import type { openAppender } from './appender.ts';
import type { moveAway } from './move-away.ts';
import type { RollRules } from './rules.ts';

/** The system calls of a log file. */
export interface FileCalls {
  readonly openAppender: typeof openAppender;
  readonly moveAway: typeof moveAway;
}

export interface LogFileOptions {
  /** Absolute path; its directory is made when missing. */
  readonly file: string;
  readonly clock: Clock;
  /** Rules where the app says nothing. */
  readonly defaults: RollRules;
  /** The file has this number now, and a new one is begun. */
  readonly onRolled: (seq: number) => void;
  readonly calls?: FileCalls;
}
