import { readdirSync, readFileSync } from 'node:fs';

/** The variable by which every process that a test causes is known: it is inherited all the way down. */
export const MARK = 'SUPERVISED_IN';

/**
 * Finds what still runs of a test, wherever it stands in the process tree.
 * @param root value of the mark
 * @returns process ids; empty where there is no /proc
 */
export function markedProcesses(root: string): number[] {
  if (process.platform !== 'linux') return [];
  const wanted = `\0${MARK}=${root}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && `\0${readProc(pid, 'environ')}\0`.includes(wanted));
}

/**
 * Tells whether a process runs; one that only waits to be reaped does not.
 * @param pid process id
 */
export function isRunning(pid: number): boolean {
  if (process.platform !== 'linux') return canBeSignalled(pid);
  const stat = readProc(pid, 'stat');
  return stat !== '' && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/**
 * The command line of a process, for a message.
 * @param pid process id
 */
export function commandLine(pid: number): string {
  return readProc(pid, 'cmdline').replaceAll('\0', ' ').trim();
}

/**
 * Kills a process, if it is still there.
 * @param pid a process that a test caused
 */
export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already, which is what was wanted.
  }
}

function canBeSignalled(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
