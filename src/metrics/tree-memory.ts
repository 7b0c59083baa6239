import { bootId } from '../base/boot-id.ts';
import type { ProcessIdentity } from '../os/identity.ts';
import type { ProcessEntry } from '../os/process-index.ts';
import type { Snapshot } from '../os/process-tree.ts';
import type { ProcessReader, Reading } from './process-reader.ts';
import { bequeath, type Counted, DIMENSIONS, newCounted } from './totals.ts';
import type { Detail, SavedTree } from './vitals.ts';

export interface TreeProcess extends Counted {
  readonly startTicks: number;
  readonly reader: ProcessReader;
}

/** What was counted of a root that is not looked at any more, and of those below it. */
export interface FormerRoot {
  readonly pid: number;
  readonly startTicks: number;
  readonly counted: readonly number[];
}

/** What the sampler remembers of one instance between two looks. */
export interface TreeMemory {
  /** Growth by dimension over all processes of the instance. */
  readonly sums: number[];
  /** True once io could be read. */
  ioSeen: boolean;
  root: ProcessIdentity | null;
  /** What was counted of processes below this root, and of itself, that left nobody behind. */
  readonly lost: number[];
  /** Roots before this one that have not ended. */
  readonly former: FormerRoot[];
  readonly processes: Map<number, TreeProcess>;
  /** What the newest look has found, where it has found all that it looked for. */
  tree: Tree | null;
}

interface Tree {
  readonly entries: readonly ProcessEntry[];
  readonly seen: ReadonlyMap<number, Seen>;
}

/** One process as this look found it. */
export interface Seen {
  readonly process: TreeProcess;
  reading: Reading;
}

export function newTreeMemory(): TreeMemory {
  return { sums: zeros(), ioSeen: false, root: null, lost: zeros(), former: [], processes: new Map(), tree: null };
}

/**
 * Closes what is open for the processes of a tree; its sums stay.
 * @param memory of the instance
 */
export function releaseTree(memory: TreeMemory): void {
  for (const process of memory.processes.values()) process.reader.close();
  memory.processes.clear();
  memory.lost.fill(0);
  memory.root = null;
  memory.tree = null;
}

/**
 * What is to outlive the daemon.
 * @param memory of an instance
 */
export function savedTree({ sums, ioSeen, root, lost, processes }: TreeMemory): SavedTree {
  const known = [...processes.values()].map(({ pid, ppid, startTicks, values, inherited, debt }) => {
    return { pid, ppid, startTicks, values, inherited, debt };
  });
  return { sums, ioSeen, root, lost, processes: known };
}

/**
 * Goes on where another daemon was: a process that is still there is counted from its last look on.
 * @param saved what that daemon kept
 * @param open makes the reader of a process
 */
export function restoredTree(saved: SavedTree, open: ReadContext['open']): TreeMemory {
  const memory: TreeMemory = { ...newTreeMemory(), sums: [...saved.sums], ioSeen: saved.ioSeen };
  // The sums are of any boot, the processes of one.
  if (saved.root?.bootId !== bootId()) return memory;
  memory.root = saved.root;
  for (const [at, count] of saved.lost.entries()) memory.lost[at] = count;
  for (const { pid, ppid, startTicks, values, inherited, debt } of saved.processes) {
    const known = { values: [...values], inherited: [...inherited], debt: [...debt] };
    const counted = { ...newCounted({ pid, ppid, adopted: false }), ...known };
    memory.processes.set(pid, { ...counted, startTicks, reader: open(pid) });
  }
  return memory;
}

export interface ReadContext {
  /** Who is in the tree. */
  readonly snapshot: Snapshot;
  readonly detail: Detail;
  /** Makes the reader of a process. */
  readonly open: (pid: number) => ProcessReader;
  /** What started before was counted by an earlier daemon: only what comes from now on is new. */
  readonly sinceTicks: number;
}

/** A tree as a look has found it. */
export interface TreeSeen {
  readonly seen: ReadonlyMap<number, Seen>;
  /** False when it would give nothing that the look before has not given. */
  readonly hasChanged: boolean;
}

/**
 * Reads every process of a tree, zombies included, and settles what has gone since the last look.
 * @param memory of the instance, its root set
 * @param context what to read with
 * @returns what was found, by pid
 */
export function readTree(memory: TreeMemory, context: ReadContext): TreeSeen {
  const entries = memory.root === null ? [] : context.snapshot.members(memory.root);
  const { tree } = memory;
  const hasChanged = tree !== null && isSame(tree.entries, entries) ? readAgain(tree, context) : null;
  if (tree !== null && hasChanged !== null) return { seen: tree.seen, hasChanged };
  const seen = readEntries(memory, entries, context);
  memory.tree = seen.size === entries.length ? { entries, seen } : null;
  return { seen, hasChanged: true };
}

function isSame(some: readonly ProcessEntry[], others: readonly ProcessEntry[]): boolean {
  return some.length === others.length && some.every(({ pid }, at) => others[at]?.pid === pid);
}

/** Reads those who were there. Null when one of them has gone, or is another. */
function readAgain({ seen }: Tree, { detail }: ReadContext): boolean | null {
  let hasChanged = false;
  for (const one of seen.values()) {
    const reading = one.process.reader.read(detail, null);
    if (reading?.stat.startTicks !== one.process.startTicks) return null;
    hasChanged ||= reading !== one.reading;
    one.reading = reading;
  }
  return hasChanged;
}

function readEntries(memory: TreeMemory, entries: readonly ProcessEntry[], context: ReadContext): Map<number, Seen> {
  const seen = new Map<number, Seen>();
  const left = new Set<TreeProcess>();
  for (const entry of entries) {
    const known = memory.processes.get(entry.pid);
    const same = known?.startTicks === entry.startTicks;
    if (known !== undefined && !same) left.add(known);
    const process = known !== undefined && same ? known : remember(entry, context);
    // What the snapshot has read already is, after a start of a hundred, half of what a look costs.
    const reading = process.reader.read(context.detail, context.snapshot.freshStat(entry.pid));
    if (reading?.stat.startTicks === entry.startTicks) seen.set(entry.pid, { process, reading });
    else if (process !== known) process.reader.close();
  }
  for (const process of memory.processes.values()) {
    if (!seen.has(process.pid)) left.add(process);
  }
  settle(memory, left, seen);
  return seen;
}

function remember(entry: ProcessEntry, { open, sinceTicks }: ReadContext): TreeProcess {
  const { pid, ppid, startTicks } = entry;
  const counted = newCounted({ pid, ppid, adopted: startTicks < sinceTicks });
  return { ...counted, startTicks, reader: open(pid) };
}

function lose({ lost }: TreeMemory, { values, debt }: Counted): void {
  for (const at of lost.keys()) lost[at] = (lost[at] ?? 0) + (values[at] ?? 0) + (debt[at] ?? 0);
}

function zeros(): number[] {
  return DIMENSIONS.map(() => 0);
}

function settle(memory: TreeMemory, left: ReadonlySet<TreeProcess>, seen: ReadonlyMap<number, Seen>): void {
  for (const process of left) {
    const isGone = (pid: number) => memory.processes.get(pid) !== seen.get(pid)?.process;
    if (!bequeath(process, memory.processes, isGone)) lose(memory, process);
  }
  for (const process of left) {
    process.reader.close();
    memory.processes.delete(process.pid);
  }
  for (const { process } of seen.values()) memory.processes.set(process.pid, process);
}
