import { procBuffer, readProcFile, readProcStat } from './procfs.ts';

/**
 * Tells how much a process has run. Two marks that are the same say that its main thread has not run for an instant in
 * between, not even to be stopped by a signal, and its other threads for less than a clock tick in all.
 * @param pid process id
 * @returns the mark; null where the process is gone, at work or stopped, or where the system cannot tell
 * @see https://docs.kernel.org/scheduler/sched-stats.html /proc/PID/schedstat: time on the CPU in nanoseconds, time
 *   spent waiting for one, how often it was given one
 */
export function readRunMark(pid: number): string | null {
  const stat = readProcStat(pid);
  if (stat === null || stat.state !== 'S') return null;
  const length = readProcFile(`/proc/${pid}/schedstat`);
  // A kernel that does not count says 0 0 0.
  if (length <= 0 || procBuffer[0] === ZERO) return null;
  return `${stat.threads} ${stat.userTicks} ${stat.systemTicks} ${procBuffer.toString('latin1', 0, length)}`;
}

const ZERO = 0x30;
