import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { errnoOf } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';

/** Held as long as the process lives: the kernel lets go of it in every way of dying. */
export interface DaemonLock {
  release(): void;
}

/**
 * Takes the one lock of a home.
 * @param home whose daemon this process wants to be
 * @returns the lock, or null when another process holds it
 * @see unix(7): a name in the abstract namespace belongs to one socket and goes with it, so no lock is ever stale.
 *   The name holds a secret of the home, so that no other user can take it. macOS has no such names: there the
 *   socket is an ordinary one below the home, which a dead daemon leaves behind and the next one replaces.
 */
export async function takeLock(home: Home): Promise<DaemonLock | null> {
  const key = lockKey(home);
  const abstract = process.platform === 'linux';
  const name = abstract ? `\0promvisor-${key}` : `${home.runDir}/lock.sock`;
  const server = await listen(name);
  if (server !== null) return { release: () => server.close() };
  if (abstract || (await answers(name))) return null;
  rmSync(name, { force: true });
  const second = await listen(name);
  return second === null ? null : { release: () => second.close() };
}

/** Written whole under another name and linked into place: of many writers one wins, and all read the same. */
function lockKey(home: Home): string {
  const own = `${home.lockKeyFile}.${process.pid}`;
  writeFileSync(own, randomBytes(16).toString('hex'), { mode: 0o600 });
  try {
    linkSync(own, home.lockKeyFile);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readFileSync(home.lockKeyFile, 'utf8');
}

function listen(name: string): Promise<net.Server | null> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(name, () => resolve(server.unref()));
  });
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(name);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
