import type { CpuClock } from '../os/cpu-clock.ts';
import type { ProcessIdentity } from '../os/identity.ts';
import type { EndedProcess, Usage } from '../os/reaped.ts';
import type { Totals } from './totals.ts';

/** One look at the process tree of an instance: sums over the living processes of the tree. */
export interface Vitals {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** Shared pages count once for each process that holds them. */
  readonly rssBytes: number;
  /** Shared pages count in parts that add up to one; null unless asked for, or where it may not be seen. */
  readonly pssBytes: number | null;
  /** null where it cannot be read. */
  readonly virtualBytes: number | null;
  /** Mean since the previous look (since the start, at the first), 1 = one core; null when too young to tell. */
  readonly cpuRatio: number | null;
  readonly processes: number;
  readonly threads: number;
  /** Of the process that is nearest to its limit; null unless looked at in full, or where it may not be seen. */
  readonly openFds: number | null;
  readonly maxFds: number | null;
  readonly swapBytes: number | null;
}

/** An instance's process as the sampler needs to know it. */
export interface SampleRoot {
  /** Id of the instance. */
  readonly id: number;
  readonly identity: ProcessIdentity;
}

/** `basic` has memory, cpu, processes and threads; `full` adds files, io, swap and context switches. */
export type Detail = 'basic' | 'full';

export interface SamplerOptions {
  /** Whether looks in full have the proportional memory. */
  readonly pss: boolean;
  /** Tells which processes need not be read again. */
  readonly cpuClock: CpuClock;
}

/** Takes figures of process trees, and adds up what only grows over all processes of an instance. */
export interface Sampler {
  /** Looks at the trees now; a root that has gone is not in the answer. */
  sample(roots: Iterable<SampleRoot>, detail: Detail): Promise<ReadonlyMap<number, Vitals>>;
  /** What was counted so far for an instance, over all its processes; it never falls. */
  totals(id: number): Totals;
  /**
   * Counts what processes used between the last look at them and their end.
   * @param ended roots of instances that ended together
   * @param used by all of them in their whole life
   */
  ended(ended: readonly EndedProcess[], used: Usage): void;
  /** What was counted of an instance and is to outlive the daemon: the same object while it is the same; null where nothing can be kept. */
  saved(id: number): SavedTree | null;
  /** Goes on counting where another daemon was. */
  restore(id: number, saved: SavedTree): void;
  /** Forgets an instance that was deleted. */
  forget(id: number): void;
  close(): void;
}

/** JSON: sums over all processes of an instance, and what is in them of those that live. By DIMENSIONS. */
export interface SavedTree {
  readonly sums: readonly number[];
  readonly ioSeen: boolean;
  readonly root: ProcessIdentity | null;
  readonly lost: readonly number[];
  readonly processes: readonly {
    readonly pid: number;
    readonly ppid: number;
    readonly startTicks: number;
    readonly values: readonly (number | null)[];
    readonly inherited: readonly number[];
    readonly debt: readonly number[];
  }[];
}
