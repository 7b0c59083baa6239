import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

/**
 * CPU that a process has used, all its threads: from the scheduler's nanoseconds where the kernel shows them,
 * else from ticks of 10 ms.
 * @param {number} pid
 * @returns {number} milliseconds
 */
export function cpuMs(pid) {
  return Math.max(schedulerMs(pid), tickMs(pid));
}

function schedulerMs(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return (
      threads.reduce(
        (sum, tid) => sum + Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]),
        0,
      ) / 1e6
    );
  } catch {
    return 0;
  }
}

function tickMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/**
 * Memory of one process.
 * @param {number} pid
 * @returns {{ rssMb: number, pssMb: number, privateMb: number }} megabytes of 1024 x 1024 bytes; private is what no
 *   other process maps
 */
export function memory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const megabytes = (name) => kilobytes(rollup, name) / 1024;
  return {
    rssMb: megabytes('Rss'),
    pssMb: megabytes('Pss'),
    privateMb: megabytes('Private_Clean') + megabytes('Private_Dirty'),
  };
}

/**
 * @param {number} pid
 * @returns {number} process id of its parent
 */
export function parentOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function kilobytes(text, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
