import { type Libc, loadLibc } from './libc.ts';

/**
 * Reads how long all threads of a process have been on a CPU, in nanoseconds. The same number twice says that none of
 * them has run in between: what only they change, as files, threads and counters, is as it was. One that is on a CPU now
 * is counted with the next tick. It is one call of the system, without a file. Null where there is no such process, and
 * always without Linux or `koffi`.
 */
export type CpuClock = (pid: number) => number | null;

/** One time is read at once; so small an array would be made within V8's heap, where things move. */
const TIME_WORDS = 32;
const NS_PER_SECOND = 1e9;
/** `struct timespec` has two words of 32 bits there. */
const NARROW: readonly string[] = ['arm', 'ia32', 'mips', 'mipsel'];
/** CPUCLOCK_SCHED of a process as a whole: the number of such a clock is made from the pid and is part of the ABI. */
const ALL_THREADS = 2;

/**
 * Opens the CPU clocks of all processes, whosever they are; the C library is loaded with the first reading.
 * @param isWanted false: nothing is ever read, and the C library is not loaded
 * @param load gives the C library
 * @see clock_getcpuclockid(3), clock_gettime(2)
 */
export function openCpuClock(isWanted: boolean, load: () => Libc | null = loadLibc): CpuClock {
  let read: CpuClock | null = null;
  return (pid) => {
    read ??= prepare(isWanted && !NARROW.includes(process.arch) ? load() : null);
    return read(pid);
  };
}

function prepare(libc: Libc | null): CpuClock {
  if (libc === null) return () => null;
  const gettime = libc.func('int clock_gettime(int, void*)');
  const time = new BigInt64Array(TIME_WORDS);
  return (pid) => {
    if (gettime((~pid << 3) | ALL_THREADS, time) !== 0) return null;
    return Number(time[0]) * NS_PER_SECOND + Number(time[1]);
  };
}
