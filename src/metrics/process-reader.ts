import type { CpuClock } from '../os/cpu-clock.ts';
import { type FdBudget, openProcFiles, type ProcFiles, type ProcIo, type ProcStatus } from '../os/proc-files.ts';
import type { ProcStat } from '../os/procfs.ts';
import { type Counts, countsOf } from './totals.ts';
import type { Detail } from './vitals.ts';

/** What a look reads of one process. */
export interface Reading {
  readonly stat: ProcStat;
  readonly counts: Counts;
  /** Null unless a look in full has read it. */
  readonly full: Full | null;
}

export interface Full {
  readonly status: ProcStatus | null;
  readonly io: ProcIo | null;
  readonly openFds: number | null;
  readonly maxFds: number | null;
}

/** Reads one process, look after look. */
export interface ProcessReader {
  /**
   * Reads it, unless it would read the same as the look before.
   * @param detail what is wanted at least
   * @param fresh its stat, where it was read just now
   * @returns the very object of before where nothing has changed; null once the process has gone
   */
  read(detail: Detail, fresh: ProcStat | null): Reading | null;
  /** The proportional memory, which is read now and then only; null where it may not be seen. */
  pssBytes(nowMs: number): number | null;
  close(): void;
}

/** What the readers of all processes share. */
export interface ReaderOptions {
  readonly budget: FdBudget;
  readonly cpuClock: CpuClock;
}

/** How a process was when it was read. */
interface Sight {
  readonly clockNs: number | null;
  readonly residentPages: number | null;
}

/** Reading the proportional memory of a process costs the kernel a walk over its page tables. */
const PSS_EVERY_MS = 60_000;
/** Processes that were seen first together are not all due together ever after. */
const PSS_SPREAD_MS = 1_000;
const PSS_SPREADS = 16;

/**
 * Opens nothing yet: files are opened when they are read first.
 * @param pid process id
 * @param options shared by all
 */
export function openProcessReader(pid: number, { budget, cpuClock }: ReaderOptions): ProcessReader {
  const files = openProcFiles(pid, budget);
  let newest: { readonly sight: Sight; readonly reading: Reading } | null = null;
  let pss: { readonly bytes: number | null; readonly dueMs: number } | null = null;
  /** It is set at the start of nearly every process and never again. */
  let maxFds: number | null | undefined;

  function readFull({ status, io, openFds }: ProcFiles): Full {
    if (maxFds === undefined) maxFds = files.maxFds();
    return { status: status(), io: io(), openFds: openFds(), maxFds };
  }

  return {
    read(detail, fresh) {
      // Before all else: what runs while it is read is seen by the next look.
      const clockNs = cpuClock(pid);
      const sight = { clockNs, residentPages: clockNs === null ? null : files.residentPages() };
      if (newest !== null && isSame(newest.sight, sight) && covers(newest.reading, detail)) return newest.reading;
      newest = null;
      const stat = fresh ?? files.stat();
      if (stat === null) return null;
      const full = detail === 'full' ? readFull(files) : null;
      const counts = countsOf(stat, { io: full?.io ?? null, status: full?.status ?? null });
      newest = { sight, reading: { stat, counts, full } };
      return newest.reading;
    },
    pssBytes(nowMs) {
      if (pss !== null && nowMs < pss.dueMs) return pss.bytes;
      const spreadMs = (pid % PSS_SPREADS) * PSS_SPREAD_MS;
      pss = { bytes: files.pssBytes(), dueMs: nowMs + PSS_EVERY_MS + spreadMs };
      return pss.bytes;
    },
    close() {
      newest = null;
      files.close();
    },
  };
}

/**
 * A process that has not run is as it was, but for its memory: the kernel takes pages from the idlest. What goes to swap
 * is resident no more, and what comes back has been asked for by the process.
 */
function isSame(before: Sight, now: Sight): boolean {
  return now.clockNs !== null && now.clockNs === before.clockNs && now.residentPages === before.residentPages;
}

function covers({ full }: Reading, detail: Detail): boolean {
  return detail === 'basic' || full !== null;
}
