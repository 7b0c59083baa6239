import { closeSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { isAlive, type ProcessIdentity } from './identity.ts';
import { isLiving, parseStat, procBuffer } from './procfs.ts';

/** Notices the end of processes that are not our children: nobody tells, so they are looked at. */
export interface ExitWatch {
  /** Calls back once, when the process has exited; a zombie has. */
  watch(identity: ProcessIdentity, onExit: () => void): void;
  /** Looks at once: something points to an end. */
  look(pid: number): void;
  close(): void;
}

interface Watched {
  readonly identity: ProcessIdentity;
  readonly onExit: () => void;
  /** Of /proc/PID/stat, kept open: a read costs a third of opening it anew. Null when there was no descriptor left. */
  readonly fd: number | null;
}

/** Short of the 200 ms in which an end is to be known, with room for a busy machine. */
const EVERY_MS = 150;

/**
 * Makes a watch; while nothing is watched it costs nothing.
 * @param clock for the pace
 */
export function createExitWatch(clock: Clock): ExitWatch {
  const watched = new Map<number, Watched>();
  let cancel: (() => void) | null = null;

  function tick(): void {
    cancel = null;
    for (const pid of [...watched.keys()]) look(pid);
    if (watched.size > 0) cancel ??= clock.after(EVERY_MS, tick);
  }

  function look(pid: number): void {
    const one = watched.get(pid);
    if (one === undefined || lives(one)) return;
    watched.delete(pid);
    if (one.fd !== null) closeSync(one.fd);
    one.onExit();
  }

  return {
    watch(identity, onExit) {
      watched.set(identity.pid, { identity, onExit, fd: openStat(identity.pid) });
      cancel ??= clock.after(0, tick);
    },
    look,
    close() {
      cancel?.();
      cancel = null;
      for (const { fd } of watched.values()) if (fd !== null) closeSync(fd);
      watched.clear();
    },
  };
}

function openStat(pid: number): number | null {
  try {
    return openSync(`/proc/${pid}/stat`, 'r');
  } catch {
    return null;
  }
}

function lives({ identity, fd }: Watched): boolean {
  if (fd === null) return isAlive(identity);
  try {
    const stat = parseStat(procBuffer, readSync(fd, procBuffer, 0, procBuffer.length, 0));
    return stat !== null && stat.startTicks === identity.startTicks && isLiving(stat);
  } catch {
    // ESRCH: the process of this file is gone.
    return false;
  }
}
