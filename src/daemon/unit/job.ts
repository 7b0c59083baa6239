import { execFile } from 'node:child_process';
import { managerFlags, type Unit } from '../../base/unit.ts';

const DEADLINE_MS = 5_000;

/** What systemd is doing with a unit: a job of `systemctl list-jobs`, or nothing. */
export type Job = 'restart' | 'stop' | 'none' | 'unknown';

/**
 * Asks systemd why the unit's daemon is told to end. A signal says the same for a stop, a shutdown and a restart; the
 * job that sent it does not.
 * @param unit the daemon's own
 * @param tell told of a systemd that does not answer
 * @returns its job; `unknown` where systemd does not say
 * @see systemctl(1): list-jobs; systemd turns a restart job into a start job only when the stop is over
 */
export function jobOf(unit: Unit, tell: (problem: string) => void): Promise<Job> {
  const args = [...managerFlags(unit), 'list-jobs', '--full', '--no-legend', '--plain', '--no-pager'];
  return new Promise((resolve) => {
    execFile('systemctl', args, { timeout: DEADLINE_MS }, (error, stdout) => {
      if (error !== null) tell(`systemd did not say why the daemon is to end: ${error.message.trim()}`);
      resolve(error === null ? jobIn(stdout, unit.name) : 'unknown');
    });
  });
}

/**
 * Finds the job of a unit.
 * @param text of `systemctl list-jobs --no-legend`: number, unit, type and state a line
 * @param name of the unit
 * @returns `restart` for any kind of restart
 */
export function jobIn(text: string, name: string): Job {
  for (const line of text.split('\n')) {
    const [, unit, type = ''] = line.trim().split(/\s+/);
    if (unit !== name) continue;
    if (type === 'stop') return 'stop';
    if (/restart$/.test(type)) return 'restart';
  }
  return 'none';
}
