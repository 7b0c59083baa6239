import type { Hosts } from './hosts.ts';
import { appKey, type Instance, type LiveProcess } from './instance.ts';

/**
 * Tells who waits for a process of an instance.
 * @param instance whose process it is
 * @param ended the process
 * @param hosts the cluster hosts
 * @returns process id of the parent; null when the host that it had is gone
 */
export function waiterOf({ spec }: Instance, ended: LiveProcess, hosts: Hosts): number | null {
  if (spec.process.execMode === 'cluster') return hosts.pidOf(appKey(spec));
  // init waits for the children of a daemon that is gone.
  return ended.adopted ? null : process.pid;
}
