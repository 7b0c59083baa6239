import type { Status } from './states.ts';

/** The words that `pm2 jlist` uses for a state, in PM2's own spelling. */
export const PM2_STATUSES = ['online', 'stopping', 'stopped', 'launching', 'errored', 'waiting restart'] as const;

export type Pm2Status = (typeof PM2_STATUSES)[number];

/** PM2 has no word for "ended and stays so by policy": what has exited is stopped to it. */
const WORD_OF: Readonly<Record<Status, Pm2Status>> = {
  stopped: 'stopped',
  starting: 'launching',
  running: 'online',
  backoff: 'waiting restart',
  stopping: 'stopping',
  exited: 'stopped',
  fatal: 'errored',
};

/**
 * Says a status in PM2's words.
 * @param status a status of the instance machine
 * @returns the word of `pm2 jlist`
 */
export function pm2StatusOf(status: Status): Pm2Status {
  return WORD_OF[status];
}
