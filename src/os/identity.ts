import { bootId } from '../base/boot-id.ts';
import { isLiving, readProcStat } from './procfs.ts';

/** Which process is meant: a pid alone is used again, with its start time and the boot it is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Kernel start time in clock ticks since boot. */
  readonly startTicks: number;
  readonly bootId: string;
}

/**
 * Identity of the process that has a pid now, also when it is a zombie that nobody waited for yet.
 * @param pid process id
 * @returns its identity, or null when there is no such process
 */
export function identityOf(pid: number | null | undefined): ProcessIdentity | null {
  if (pid === null || pid === undefined || !Number.isInteger(pid) || pid <= 0) return null;
  const stat = readProcStat(pid);
  return stat === null ? null : { pid, startTicks: stat.startTicks, bootId: bootId() };
}

/**
 * Identity of a process that has ended before it could be looked at: nothing is ever alive under it.
 * @param pid process id that it had
 */
export function goneIdentity(pid: number): ProcessIdentity {
  return { pid, startTicks: -1, bootId: bootId() };
}

/**
 * Says if exactly this process is there and has not exited.
 * @param identity the process, or null
 * @returns false for a zombie, for another process under the same pid, after a reboot, and for null
 */
export function isAlive(identity: ProcessIdentity | null | undefined): boolean {
  if (identity === null || identity === undefined || identity.bootId !== bootId()) return false;
  const stat = readProcStat(identity.pid);
  return stat !== null && stat.startTicks === identity.startTicks && isLiving(stat);
}
