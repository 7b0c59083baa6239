import { rmSync } from 'node:fs';
import type { Server } from 'node:http';

/**
 * Opens the owner's socket. One that a dead daemon left behind is in the way; the lock says that no living one uses it.
 * @param server what answers there
 * @param socket absolute path
 * @throws the error of listen(2)
 */
export function listenOn(server: Server, socket: string): Promise<void> {
  rmSync(socket, { force: true });
  const umask = process.umask(0o177);
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  }).finally(() => process.umask(umask));
}
