import { uptime } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { ProcessIdentity } from '../os/identity.ts';
import { createFdBudget, openProcFiles } from '../os/proc-files.ts';
import { type Snapshot, scanProcesses } from '../os/process-tree.ts';
import { isLiving, type ProcStat, readProcStat, ticksPerSecond } from '../os/procfs.ts';
import { type CpuWindow, openCpuWindow } from './cpu-window.ts';
import { addLast, keepFormer } from './last-cpu.ts';
import { type Full, openProcessReader } from './process-reader.ts';
import { grow, totalsOf } from './totals.ts';
import {
  newTreeMemory,
  readTree,
  releaseTree,
  restoredTree,
  type Seen,
  savedTree,
  type TreeMemory,
} from './tree-memory.ts';
import type { Detail, Sampler, SamplerOptions, SavedTree, Vitals } from './vitals.ts';

/** Files of /proc kept open: four for each of 300 processes; beyond that a read costs two to four times as much. */
const MOST_KEPT_FILES = 1_200;
/** They may take this part of the files that the daemon may have open. */
const KEPT_SHARE = 1 / 8;
const NOTHING_SPECIAL: ProcSamplerOptions = { pss: false, cpuClock: () => null };

export interface ProcSamplerOptions extends SamplerOptions {
  readonly since?: number;
}

interface Memory extends TreeMemory {
  window: CpuWindow | null;
  /** Of the newest look. */
  newest: { readonly detail: Detail; readonly sums: Sums } | null;
  /** What it says now; null once it would say something else. */
  saved: SavedTree | null;
}

const NOTHING_YET = { window: null, newest: null, saved: null };

/** What all trees of one sample share. */
interface Look {
  readonly detail: Detail;
  readonly nowMs: number;
  readonly snapshot: Snapshot;
  /** Since boot. */
  readonly uptimeMs: number;
}

/** Sums over the living processes of a tree, while they are made. */
interface Sums {
  rssBytes: number;
  pssBytes: number | null;
  virtualBytes: number;
  processes: number;
  threads: number;
  openFds: number | null;
  maxFds: number | null;
  swapBytes: number | null;
}

/**
 * Makes a sampler over /proc.
 * @param clock time for windows and stamps
 * @param options whether the proportional memory is read, and what tells who need not be read again; `since` is the
 *   process whose start divides the processes counted whole from those counted from the first look on
 */
export function createProcSampler(clock: Clock, options: ProcSamplerOptions = NOTHING_SPECIAL): Sampler {
  const memories = new Map<number, Memory>();
  const budget = createFdBudget(mostKeptFiles());
  const sinceTicks = readProcStat(options.since ?? process.pid)?.startTicks ?? 0;
  const openReader = (pid: number) => openProcessReader(pid, { budget, cpuClock: options.cpuClock });

  function rememberedOf(id: number): Memory {
    const memory = memories.get(id) ?? { ...newTreeMemory(), ...NOTHING_YET };
    memories.set(id, memory);
    return memory;
  }

  function memoryOf(id: number, identity: ProcessIdentity): Memory {
    const memory = rememberedOf(id);
    if (memory.root?.pid === identity.pid && memory.root.startTicks === identity.startTicks) return memory;
    keepFormer(memory);
    releaseTree(memory);
    memory.root = identity;
    return Object.assign(memory, NOTHING_YET);
  }

  function lookAt(memory: Memory, rootPid: number, look: Look): Vitals | null {
    const { snapshot, detail, nowMs } = look;
    const { seen, hasChanged } = readTree(memory, { snapshot, detail, open: openReader, sinceTicks });
    memory.window ??= openWindow(memory, seen.get(rootPid)?.reading.stat, look);
    if (hasChanged) count(memory, seen);
    // The proportional memory is due when its time has come, changed or not.
    if (hasChanged || options.pss || memory.newest?.detail !== detail) {
      memory.newest = { detail, sums: addUp(seen, look) };
    }
    const root = seen.get(rootPid);
    if (root === undefined || !isLiving(root.reading.stat)) return null;
    const cpuRatio = memory.window?.advance({ atMs: nowMs, cpuMs: cpuMsOf(memory) }) ?? null;
    return { atMs: clock.wallMs(), cpuRatio, ...memory.newest.sums };
  }

  function addUp(seen: ReadonlyMap<number, Seen>, { detail, nowMs }: Look): Sums {
    const sums = newSums();
    for (const { process, reading } of seen.values()) {
      const full = detail === 'full' ? reading.full : null;
      const pssBytes = full !== null && options.pss ? process.reader.pssBytes(nowMs) : null;
      if (isLiving(reading.stat)) addProcess(sums, reading.stat, full === null ? null : { ...full, pssBytes });
    }
    return sums;
  }

  function openWindow(memory: Memory, root: ProcStat | undefined, { uptimeMs, nowMs }: Look): CpuWindow | null {
    if (root === undefined) return null;
    const msPerTick = 1000 / ticksPerSecond();
    const ageMs = Math.max(0, uptimeMs - root.startTicks * msPerTick);
    const adopted = root.startTicks < sinceTicks;
    const before = adopted
      ? (root.userTicks + root.systemTicks + root.childUserTicks + root.childSystemTicks) * msPerTick
      : 0;
    return openCpuWindow({ atMs: nowMs - ageMs, cpuMs: cpuMsOf(memory) - before });
  }

  /** Instances that were not asked for and whose tree has gone keep no files open. */
  function releaseGone(looked: ReadonlySet<number>, snapshot: Snapshot): void {
    for (const [id, memory] of memories) {
      if (looked.has(id) || memory.root === null) continue;
      if (snapshot.members(memory.root).length > 0) continue;
      keepFormer(memory);
      releaseTree(memory);
      memory.saved = null;
    }
  }

  return {
    async sample(roots, detail) {
      const look = { detail, snapshot: scanProcesses(), uptimeMs: uptime() * 1000, nowMs: clock.nowMs() };
      const looked = new Set<number>();
      const answer = new Map<number, Vitals>();
      for (const { id, identity } of roots) {
        looked.add(id);
        const vitals = lookAt(memoryOf(id, identity), identity.pid, look);
        if (vitals !== null) answer.set(id, vitals);
      }
      releaseGone(looked, look.snapshot);
      return answer;
    },
    totals(id) {
      const memory = memories.get(id);
      return totalsOf(memory?.sums ?? [], memory?.ioSeen ?? false);
    },
    ended(ended, used) {
      const known = ended.map((root) => ({ ...root, memory: rememberedOf(root.id) }));
      addLast(known, used);
      for (const { memory } of known) memory.saved = null;
      for (const { pid, memory } of known) if (memory.root?.pid === pid) releaseTree(memory);
    },
    saved(id) {
      const memory = memories.get(id);
      if (memory === undefined) return null;
      memory.saved ??= savedTree(memory);
      return memory.saved;
    },
    restore(id, saved) {
      memories.set(id, { ...restoredTree(saved, openReader), ...NOTHING_YET });
    },
    forget(id) {
      const memory = memories.get(id);
      if (memory !== undefined) releaseTree(memory);
      memories.delete(id);
    },
    close() {
      for (const memory of memories.values()) releaseTree(memory);
      memories.clear();
    },
  };
}

function mostKeptFiles(): number {
  const ownLimit = openProcFiles(process.pid, createFdBudget(0)).maxFds() ?? Number.POSITIVE_INFINITY;
  return Math.min(MOST_KEPT_FILES, Math.floor(ownLimit * KEPT_SHARE));
}

function newSums(): Sums {
  return {
    rssBytes: 0,
    pssBytes: null,
    virtualBytes: 0,
    processes: 0,
    threads: 0,
    openFds: null,
    maxFds: null,
    swapBytes: null,
  };
}

function cpuMsOf(memory: Memory): number {
  const [user = 0, system = 0] = memory.sums;
  return ((user + system) * 1000) / ticksPerSecond();
}

/** Adds what has come since the last look to the sums of the instance. */
function count(memory: Memory, seen: ReadonlyMap<number, Seen>): void {
  memory.saved = null;
  for (const { process, reading } of seen.values()) {
    addGrowth(memory, grow(process, reading.counts));
    if ((reading.full?.io ?? null) !== null) memory.ioSeen = true;
  }
}

function addGrowth(memory: Memory, growth: readonly number[]): void {
  for (let at = 0; at < growth.length; at++) memory.sums[at] = (memory.sums[at] ?? 0) + (growth[at] ?? 0);
}

function addProcess(sums: Sums, stat: ProcStat, full: (Full & { readonly pssBytes: number | null }) | null): void {
  sums.rssBytes += stat.rssBytes;
  sums.virtualBytes += stat.virtualBytes;
  sums.processes++;
  sums.threads += stat.threads;
  if (full === null) return;
  if (full.pssBytes !== null) sums.pssBytes = (sums.pssBytes ?? 0) + full.pssBytes;
  if (full.status !== null) sums.swapBytes = (sums.swapBytes ?? 0) + full.status.swapBytes;
  if (sums.openFds === null || fdRatio(full) > fdRatio(sums)) {
    sums.openFds = full.openFds;
    sums.maxFds = full.maxFds;
  }
}

function fdRatio({ openFds, maxFds }: { readonly openFds: number | null; readonly maxFds: number | null }): number {
  return openFds === null || maxFds === null || maxFds === 0 ? 0 : openFds / maxFds;
}
