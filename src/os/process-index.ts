import { bootId } from '../base/boot-id.ts';
import type { ProcessIdentity } from './identity.ts';
import { listPids, type ProcStat, readProcStat } from './procfs.ts';

/** What binds a process to a tree. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly session: number;
  readonly startTicks: number;
}

/**
 * Which processes there are and whose they are. A refresh lists /proc but reads only what is new, what lost its
 * parent, and a few of the rest in turn: a parent changes only when it ends, and nobody joins a session from outside.
 */
export interface ProcessIndex {
  refresh(): void;
  /** Reads everything again. */
  rebuild(): void;
  entries(): Iterable<ProcessEntry>;
  /** The root and everything below it, deepest first; zombies included. */
  members(root: ProcessIdentity): readonly ProcessEntry[];
  /** What the newest refresh read of a process that was new to it, null for every other: it need not be read twice. */
  freshStat(pid: number): ProcStat | null;
}

/** Entries that are read again at each refresh, so that a pid that was used again does not stay unnoticed for long. */
const REREAD_PER_REFRESH = 8;

interface Links {
  readonly children: ReadonlyMap<number, readonly ProcessEntry[]>;
  readonly sessions: ReadonlyMap<number, readonly ProcessEntry[]>;
}

/**
 * Makes an empty index; the first refresh reads all of /proc.
 * @returns the index
 */
export function createProcessIndex(): ProcessIndex {
  let known = new Map<number, ProcessEntry>();
  let toReread: number[] = [];
  let links: Links | null = null;
  const fresh = new Map<number, ProcStat>();

  function refresh(): void {
    fresh.clear();
    const before = known;
    known = new Map();
    let changed = false;
    for (const pid of listPids()) {
      const entry = before.get(pid) ?? meet(pid);
      if (entry === null) continue;
      known.set(pid, entry);
      if (!before.delete(pid)) changed = true;
    }
    // What is left in `before` has gone: its children have another parent now.
    if (before.size > 0) rereadOrphans(before);
    if (rereadSome() || changed || before.size > 0) links = null;
  }

  function meet(pid: number): ProcessEntry | null {
    const stat = readProcStat(pid);
    if (stat === null) return null;
    fresh.set(pid, stat);
    return entryOf(stat);
  }

  function rereadOrphans(gone: ReadonlyMap<number, ProcessEntry>): void {
    for (const entry of [...known.values()]) {
      if (gone.has(entry.ppid)) reread(entry.pid);
    }
  }

  function rereadSome(): boolean {
    if (toReread.length === 0) toReread = [...known.keys()];
    let changed = false;
    for (const pid of toReread.splice(-REREAD_PER_REFRESH)) {
      if (known.has(pid)) changed = reread(pid) || changed;
    }
    return changed;
  }

  function reread(pid: number): boolean {
    const was = known.get(pid);
    const stat = readProcStat(pid);
    if (stat === null) return known.delete(pid);
    const now = entryOf(stat);
    known.set(pid, now);
    return (
      was === undefined || was.ppid !== now.ppid || was.session !== now.session || was.startTicks !== now.startTicks
    );
  }

  return {
    refresh,
    rebuild() {
      known = new Map();
      refresh();
    },
    entries: () => known.values(),
    members(root) {
      links ??= link(known.values());
      return membersOf(root, known, links);
    },
    freshStat: (pid) => fresh.get(pid) ?? null,
  };
}

function entryOf({ pid, ppid, session, startTicks }: ProcStat): ProcessEntry {
  return { pid, ppid, session, startTicks };
}

function link(entries: Iterable<ProcessEntry>): Links {
  const children = new Map<number, ProcessEntry[]>();
  const sessions = new Map<number, ProcessEntry[]>();
  for (const entry of entries) {
    append(children, entry.ppid, entry);
    append(sessions, entry.session, entry);
  }
  return { children, sessions };
}

function append(lists: Map<number, ProcessEntry[]>, key: number, entry: ProcessEntry): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}

/** Breadth first from the root: over children, and over the sessions that were made inside the tree. */
function membersOf(root: ProcessIdentity, known: ReadonlyMap<number, ProcessEntry>, links: Links): ProcessEntry[] {
  const rootEntry = known.get(root.pid);
  if (root.bootId !== bootId()) return [];
  // The kernel gives no pid away that is still somebody's session: another process there means that nothing is left.
  if (rootEntry !== undefined && rootEntry.startTicks !== root.startTicks) return [];
  if (rootEntry !== undefined && isAlone(rootEntry, links)) return [rootEntry];
  const found = new Map<number, ProcessEntry>();
  // A root that leads no session shares the one of whoever started it: that one is not its own.
  const sessionsSeen = new Set(rootEntry === undefined ? [] : [rootEntry.session]);

  const take = (entry: ProcessEntry, olderTicks: number): void => {
    // A child is never older than its parent: an older one only carries the number of a parent that is gone.
    if (entry.startTicks >= olderTicks && entry.pid !== process.pid && !found.has(entry.pid))
      found.set(entry.pid, entry);
  };
  const takeSession = (session: number): void => {
    sessionsSeen.add(session);
    for (const entry of links.sessions.get(session) ?? []) {
      // Whose parent is of the session too is found below that parent.
      if (known.get(entry.ppid)?.session !== session) take(entry, root.startTicks);
    }
  };
  if (rootEntry !== undefined) found.set(root.pid, rootEntry);
  takeSession(root.pid);
  // A Map is walked in the order of insertion, and what is added on the way is walked too.
  for (const member of found.values()) {
    for (const child of links.children.get(member.pid) ?? []) take(child, member.startTicks);
    if (!sessionsSeen.has(member.session)) takeSession(member.session);
  }
  return [...found.values()].reverse();
}

/** As most roots are. */
function isAlone(root: ProcessEntry, { children, sessions }: Links): boolean {
  return !children.has(root.pid) && (sessions.get(root.pid) ?? []).every((entry) => entry === root);
}
