import type { ProcIo, ProcStatus } from '../os/proc-files.ts';
import { type ProcStat, ticksPerSecond } from '../os/procfs.ts';
import type { Usage } from '../os/reaped.ts';

/** What only grows, over all processes and generations of an instance. */
export interface Totals {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** null as long as it could never be read. */
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  readonly voluntarySwitches: number | null;
  readonly involuntarySwitches: number | null;
  readonly minorFaults: number | null;
  readonly majorFaults: number | null;
}

/** One look at the counters of one process. */
export interface Counts {
  /** By DIMENSIONS; null where this look did not read it. */
  readonly values: readonly (number | null)[];
  /** How much of each value came from children that were waited for, at most. */
  readonly inherited: readonly number[];
}

export const DIMENSIONS = ['user', 'system', 'read', 'write', 'voluntary', 'involuntary', 'minor', 'major'] as const;

/** What is remembered of a process between two looks. */
export interface Counted {
  readonly pid: number;
  readonly ppid: number;
  /** The newest known value of each dimension; null where counting begins with the first look. */
  readonly values: (number | null)[];
  readonly inherited: number[];
  /** What children that have gone were counted for: it comes again as inherited, and is not counted twice. */
  readonly debt: number[];
  /** Readings since a child has gone in which nothing was inherited. */
  looksInDebt: number;
  /** Taken with the last look; null before. */
  newest: Counts | null;
}

/** A parent may be read just before it waits for a child that is seen to have gone: the next reading has it for sure. */
const MOST_LOOKS_IN_DEBT = 1;

/**
 * Figures of one process as counts.
 * @param stat its /proc/PID/stat
 * @param more its io and status, where they were read
 * @returns counts by dimension
 */
export function countsOf(
  stat: ProcStat,
  more: { readonly io: ProcIo | null; readonly status: ProcStatus | null },
): Counts {
  const { io, status } = more;
  return {
    values: [
      stat.userTicks + stat.childUserTicks,
      stat.systemTicks + stat.childSystemTicks,
      io?.readBytes ?? null,
      io?.writeBytes ?? null,
      status?.voluntarySwitches ?? null,
      status?.involuntarySwitches ?? null,
      stat.minorFaults + stat.childMinorFaults,
      stat.majorFaults + stat.childMajorFaults,
    ],
    // The kernel adds the io of a waited-for child without saying how much; switches of children are not added.
    inherited: [
      stat.childUserTicks,
      stat.childSystemTicks,
      io?.readBytes ?? 0,
      io?.writeBytes ?? 0,
      0,
      0,
      stat.childMinorFaults,
      stat.childMajorFaults,
    ],
  };
}

/**
 * What a process used in its life as counts; what is not known of the dead is 0.
 * @param used null for nothing
 * @returns counts by dimension
 */
export function countsOfUsage(used: Usage | null): number[] {
  return [used?.userTicks ?? 0, used?.systemTicks ?? 0, 0, 0, 0, 0, used?.minorFaults ?? 0, used?.majorFaults ?? 0];
}

/**
 * Starts to remember a process.
 * @param process its pid, its parent, and if what it did before the first look was counted by somebody else
 * @returns a memory with nothing counted yet
 */
export function newCounted(process: {
  readonly pid: number;
  readonly ppid: number;
  readonly adopted: boolean;
}): Counted {
  const { pid, ppid, adopted } = process;
  const zeros = () => DIMENSIONS.map(() => 0);
  const values = adopted ? DIMENSIONS.map(() => null) : zeros();
  return { pid, ppid, values, inherited: zeros(), debt: zeros(), looksInDebt: 0, newest: null };
}

/**
 * Takes a look at a process and says how much came since the last.
 * @param counted memory of the process, brought up to date
 * @param counts the look
 * @returns growth by dimension, never negative, without what children that have gone were counted for already
 */
export function grow(counted: Counted, counts: Counts): number[] {
  // It was not read again, as it seems not to have run: one that runs right now may seem so for a tick or two.
  if (counts === counted.newest) return counts.values.map(() => 0);
  counted.newest = counts;
  const isOver = counted.looksInDebt >= MOST_LOOKS_IN_DEBT;
  counted.looksInDebt = isOver || counted.debt.every((ticks) => ticks === 0) ? 0 : counted.looksInDebt + 1;
  return counts.values.map((value, at) => {
    if (value === null) return 0;
    const before = counted.values[at] ?? null;
    const inherited = Math.max(0, (counts.inherited[at] ?? 0) - (counted.inherited[at] ?? 0));
    const repaid = Math.min(counted.debt[at] ?? 0, inherited);
    counted.values[at] = value;
    counted.inherited[at] = counts.inherited[at] ?? 0;
    if (isOver || inherited > 0) counted.debt[at] = 0;
    return before === null ? 0 : Math.max(0, value - before - repaid);
  });
}

/**
 * Settles what a process that has gone was counted for: its nearest living ancestor inherits it from the kernel.
 * @param gone memory of the process
 * @param known memories of all processes of the tree, those that have gone too
 * @param isGone says which of them have gone
 * @returns false when none of its ancestors is left
 */
export function bequeath(
  gone: Counted,
  known: ReadonlyMap<number, Counted>,
  isGone: (pid: number) => boolean,
): boolean {
  let heir = known.get(gone.ppid);
  for (let floor = 0; heir !== undefined && isGone(heir.pid) && floor < known.size; floor++)
    heir = known.get(heir.ppid);
  if (heir === undefined || isGone(heir.pid)) return false;
  // Its own debt was for children that it inherited, or never will: the heir gets those counts through it.
  for (const at of DIMENSIONS.keys()) {
    heir.debt[at] = (heir.debt[at] ?? 0) + (gone.values[at] ?? 0) + (gone.debt[at] ?? 0);
  }
  heir.looksInDebt = 0;
  return true;
}

/**
 * Sums as people read them.
 * @param sums growth summed by dimension
 * @param ioSeen true once io could be read
 */
export function totalsOf(sums: readonly number[], ioSeen: boolean): Totals {
  const ticks = ticksPerSecond();
  const [user = 0, system = 0, read = 0, write = 0, voluntary = 0, involuntary = 0, minor = 0, major = 0] = sums;
  return {
    userSeconds: user / ticks,
    systemSeconds: system / ticks,
    readBytes: ioSeen ? read : null,
    writeBytes: ioSeen ? write : null,
    voluntarySwitches: voluntary,
    involuntarySwitches: involuntary,
    minorFaults: minor,
    majorFaults: major,
  };
}
