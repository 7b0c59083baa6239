import { performance } from 'node:perf_hooks';
import { errnoOf } from '../base/errors.ts';
import { isAlive, type ProcessIdentity } from './identity.ts';
import { createProcessIndex, type ProcessEntry } from './process-index.ts';
import { isLiving, type ProcStat, readProcStat } from './procfs.ts';

/** The processes of this host, looked at once, for as many trees as wanted. It is a live view: use it in the same tick. */
export interface Snapshot {
  /** The root and what is below it, deepest first, zombies included. */
  members(root: ProcessIdentity): readonly ProcessEntry[];
  /** What this look read of a process that nobody had seen before; null for all others. */
  freshStat(pid: number): ProcStat | null;
}

export interface SignalTreeRequest {
  readonly root: ProcessIdentity;
  /** A name of signal(7) with SIG. */
  readonly signal: string;
  /** False: only the root gets it. */
  readonly treekill: boolean;
}

export interface SignalTreeResult {
  /** Processes that got the signal. */
  readonly sent: number;
  /** Pids that are there and that this user may not signal. */
  readonly denied: readonly number[];
}

/** Trees that are signalled in one go (stop all) share one look, as long as it is not older than a look takes. */
const SHARED_LOOK_MS = 2;
/** SIGKILL is sent again to what was forked meanwhile: so many looks end any tree that does not fork faster than that. */
const KILL_ROUNDS = 5;

const index = createProcessIndex();
let lookedAtMs = Number.NEGATIVE_INFINITY;

/**
 * Looks at the processes of this host.
 * @param maxAgeMs an earlier look that is not older will do
 * @returns a view to take trees from
 */
export function scanProcesses(maxAgeMs = 0): Snapshot {
  if (performance.now() - lookedAtMs > maxAgeMs || maxAgeMs === 0) {
    index.refresh();
    lookedAtMs = performance.now();
  }
  return index;
}

/**
 * The living processes of a tree: root, descendants, and what was re-parented to init but is still of the root's
 * session or of a session made below it.
 * @param root the process that was spawned (a session leader), also when it has exited itself
 * @param snapshot what to look in; a fresh look when left out
 * @returns identities, deepest first; empty when nothing is left or the pid belongs to another process now
 * @see setsid(2), credentials(7)
 */
export function treeOf(root: ProcessIdentity, snapshot: Snapshot = scanProcesses()): ProcessIdentity[] {
  const living: ProcessIdentity[] = [];
  for (const { pid, startTicks } of snapshot.members(root)) {
    const identity = { pid, startTicks, bootId: root.bootId };
    if (isAlive(identity)) living.push(identity);
  }
  return living;
}

/**
 * Says cheaply if a process group has a process that has not exited.
 * @param pid the group's leader, who may be gone
 * @returns false for an empty group and for one that holds only zombies
 * @see kill(2): a signal 0 to a group reaches zombies too
 */
export function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') return false;
  }
  const leader = readProcStat(pid);
  if (leader !== null && leader.pgrp === pid && isLiving(leader)) return true;
  scanProcesses();
  const entries = [...index.entries()];
  // Mostly it is the group of a session leader: look there before looking everywhere.
  return (
    hasLiving(
      entries.filter((entry) => entry.session === pid),
      pid,
    ) || hasLiving(entries, pid)
  );
}

function hasLiving(entries: readonly ProcessEntry[], group: number): boolean {
  return entries.some((entry) => {
    const stat = readProcStat(entry.pid);
    return stat !== null && stat.pgrp === group && isLiving(stat);
  });
}

/**
 * Sends a signal to a tree, deepest process first, each only after its identity was verified.
 * @param request root, signal, and if the whole tree is meant
 * @returns how many got it, and who may not be signalled; that one ended meanwhile is no failure
 * @throws TypeError when the signal is not known
 */
export function signalTree({ root, signal, treekill }: SignalTreeRequest): SignalTreeResult {
  const done = new Set<string>();
  const denied: number[] = [];
  let sent = 0;
  const rounds = signal === 'SIGKILL' && treekill ? KILL_ROUNDS : 1;
  for (let round = 0; round < rounds; round++) {
    const targets = treekill ? targetsIn(root, round) : [root];
    const fresh = targets.filter((target) => !done.has(keyOf(target)));
    if (fresh.length === 0) break;
    for (const target of fresh) {
      done.add(keyOf(target));
      const outcome = signalOne(target, signal);
      if (outcome === 'sent') sent++;
      if (outcome === 'denied') denied.push(target.pid);
    }
  }
  return { sent, denied };
}

function targetsIn(root: ProcessIdentity, round: number): readonly ProcessIdentity[] {
  const shared = round === 0 ? treeOf(root, scanProcesses(SHARED_LOOK_MS)) : [];
  // Nothing in a shared look: it may be older than the process.
  return shared.length > 0 ? shared : treeOf(root);
}

function keyOf(identity: ProcessIdentity): string {
  return `${identity.pid} ${identity.startTicks}`;
}

function signalOne(target: ProcessIdentity, signal: string): 'sent' | 'gone' | 'denied' {
  if (!isAlive(target)) return 'gone';
  try {
    process.kill(target.pid, signal);
    return 'sent';
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'denied';
    throw error;
  }
}
