import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../api/client.ts';
import type { PingView } from '../api/contract.ts';
import { errnoOf, PromvisorError } from '../base/errors.ts';

const GONE_DEADLINE_MS = 10_000;
const LOOK_MS = 10;

/**
 * Asks the daemon who it is.
 * @param client of a daemon that may not run
 * @returns null when none runs
 */
export async function pingIfAny(client: Client): Promise<PingView | null> {
  try {
    return await client.ping();
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return null;
    throw error;
  }
}

/**
 * Waits for the end of a daemon that was told to end.
 * @param pid of the daemon
 * @throws PromvisorError TIMED_OUT when it is still there after 10 s
 */
export async function waitUntilGone(pid: number): Promise<void> {
  const deadlineMs = performance.now() + GONE_DEADLINE_MS;
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs) {
      throw new PromvisorError(
        'TIMED_OUT',
        `the daemon (pid ${pid}) is still there after ${GONE_DEADLINE_MS / 1000} s`,
      );
    }
    await delay(LOOK_MS);
  }
}

/** A zombie is not alive: where PID 1 does not reap, an ended daemon stays one for ever. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
  try {
    // proc_pid_stat(5): the state follows the name in brackets, which may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch (error) {
    // No such process any more, or a system without /proc, where signal 0 has the last word.
    return errnoOf(error) === 'ENOENT' && !existsSync('/proc/self/stat');
  }
}
