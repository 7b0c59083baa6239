import type { CpuClock } from './cpu-clock.ts';
import { procBuffer, readProcFile, readProcStat } from './procfs.ts';

/** How much a process has run. */
export type RunMark = number | string;

/** Finds out if a process has run, which it does even to be stopped by a signal. */
export interface RunMarks {
  /** Of a process at rest; null where it is gone, at work or stopped, or where the system cannot tell. */
  read(pid: number): RunMark | null;
  /** True where the process has not run since that mark of it was read. */
  isStill(pid: number, mark: RunMark): boolean;
}

const ZERO = 0x30;

/**
 * Makes marks of the CPU clock, by which no thread of a process has run for an instant. Where there is none, they are of
 * the scheduler's counts: its main thread has not run for an instant, its others for less than a clock tick in all.
 * @param cpuClock of all processes
 */
export function createRunMarks(cpuClock: CpuClock): RunMarks {
  return {
    read(pid) {
      // Before the state: what runs in between is seen later.
      const nanoseconds = cpuClock(pid);
      if (nanoseconds === null) return schedMark(pid);
      return readProcStat(pid)?.state === 'S' ? nanoseconds : null;
    },
    isStill: (pid, mark) => mark === (typeof mark === 'number' ? cpuClock(pid) : schedMark(pid)),
  };
}

/**
 * @see https://docs.kernel.org/scheduler/sched-stats.html /proc/PID/schedstat: time on the CPU in nanoseconds, time
 *   spent waiting for one, how often it was given one
 */
function schedMark(pid: number): string | null {
  const stat = readProcStat(pid);
  if (stat === null || stat.state !== 'S') return null;
  const length = readProcFile(`/proc/${pid}/schedstat`);
  // A kernel that does not count says 0 0 0.
  if (length <= 0 || procBuffer[0] === ZERO) return null;
  return `${stat.threads} ${stat.userTicks} ${stat.systemTicks} ${procBuffer.toString('latin1', 0, length)}`;
}
