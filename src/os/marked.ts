import { readFileSync, readlinkSync } from 'node:fs';
import { bootId } from '../base/boot-id.ts';
import { MARK_VARIABLE } from '../base/process-mark.ts';
import type { ProcessIdentity } from './identity.ts';
import { isLiving, listPids, readProcStat } from './procfs.ts';

/** A process that carries a mark. */
export interface MarkedProcess {
  readonly identity: ProcessIdentity;
  /** Value of the variable. */
  readonly mark: string;
}

/**
 * Finds the session leaders whose environment, as it was at their start, carries a mark. Children carry it too, but are
 * no leaders, unless they made a session of their own.
 * @param prefix how the mark begins
 * @returns them, the oldest first
 * @see proc(5): /proc/PID/environ is what execve(2) was given; a program may have written over it
 */
export function findMarked(prefix: string): readonly MarkedProcess[] {
  const wanted = `\0${MARK_VARIABLE}=${prefix}`;
  const found: MarkedProcess[] = [];
  for (const pid of listPids()) {
    const stat = readProcStat(pid);
    if (stat === null || stat.session !== pid || !isLiving(stat)) continue;
    const mark = markIn(environOf(pid), wanted, prefix);
    if (mark !== null) found.push({ identity: { pid, startTicks: stat.startTicks, bootId: bootId() }, mark });
  }
  return found.toSorted((a, b) => a.identity.startTicks - b.identity.startTicks);
}

/**
 * Where a descriptor of a process leads.
 * @param pid process id
 * @param fd its descriptor
 * @returns an absolute path, or null where it cannot be seen
 */
export function fdTarget(pid: number, fd: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return null;
  }
}

function environOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
  } catch {
    // Ended meanwhile, or another user's.
    return '';
  }
}

function markIn(environ: string, wanted: string, prefix: string): string | null {
  const at = environ.indexOf(wanted);
  if (at < 0) return null;
  const from = at + wanted.length - prefix.length;
  const end = environ.indexOf('\0', from);
  return environ.slice(from, end < 0 ? undefined : end);
}
