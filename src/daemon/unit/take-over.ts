import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '../../api/client.ts';
import type { PingView } from '../../api/contract.ts';
import type { Home } from '../../base/paths.ts';
import { identityOf, isAlive } from '../../os/identity.ts';
import { type DaemonLock, takeLock } from '../lock.ts';

const ANSWER_MS = 2_000;
const RELEASE_MS = 5_000;
const LOOK_MS = 20;

/**
 * Takes the home from a daemon that a command has started, so that the unit has it: that one is ended as a crash would
 * end it, and its apps go on under this one.
 * @param home whose lock another daemon holds
 * @returns the lock; why not: that daemon is a unit's too, or it does not answer or go
 */
export async function takeOver(home: Home): Promise<DaemonLock | 'served' | 'stuck'> {
  const client = createClient(home.socket);
  const ask = (): Promise<PingView | null> => client.ping(ANSWER_MS).catch(() => null);
  const first = await ask();
  const identity = identityOf(first?.pid);
  if (first === null || identity === null) return 'stuck';
  if (first.restartedBy === 'systemd') return 'served';
  // It answers under this pid after we looked at the process: that is the one.
  if ((await ask())?.pid !== identity.pid || !isAlive(identity)) return 'stuck';
  process.kill(identity.pid, 'SIGKILL');
  const deadlineMs = performance.now() + RELEASE_MS;
  while (performance.now() < deadlineMs) {
    const lock = await takeLock(home);
    if (lock !== null) return lock;
    await delay(LOOK_MS);
  }
  return 'stuck';
}
