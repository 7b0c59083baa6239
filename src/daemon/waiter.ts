import type { Hosts } from './hosts.ts';
import { appKey, type Instance, type LiveProcess } from './instance.ts';

/**
 * Who waits for the processes of an instance.
 * @param instance whose process has ended
 * @param ended the process
 * @param hosts of cluster apps
 * @returns its pid; null when the host that did is gone
 */
export function waiterOf({ spec }: Instance, ended: LiveProcess, hosts: Hosts): number | null {
  if (spec.process.execMode === 'cluster') return hosts.pidOf(appKey(spec));
  // init waits for the children of a daemon that is gone.
  return ended.adopted ? null : process.pid;
}
