import { readFileSync } from 'node:fs';

/** The kernel counts processes that its OOM killer ended: proc(5), /proc/vmstat oom_kill, since Linux 4.13. */
const VMSTAT = '/proc/vmstat';

export interface OomWitness {
  /** True when the kernel's OOM killer ended something since the last question. */
  sawKill(): boolean;
}

/**
 * Watches the kernel's count of OOM kills: read only when asked.
 * @returns the witness; on a system without the counter it never saw a kill
 */
export function createOomWitness(): OomWitness {
  let known = readCount();
  return {
    sawKill() {
      const now = readCount();
      const grew = now > known;
      known = now;
      return grew;
    },
  };
}

function readCount(): number {
  try {
    const found = /^oom_kill (\d+)$/m.exec(readFileSync(VMSTAT, 'latin1'));
    return found === null ? 0 : Number(found[1]);
  } catch {
    // No /proc (macOS), or not readable: nobody saw anything.
    return 0;
  }
}
