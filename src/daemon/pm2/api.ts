import { rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { messageOf } from '../../base/errors.ts';
import type { Instance } from '../instance.ts';
import { createBusFeed } from './bus-feed.ts';
import { createMethods } from './methods.ts';
import type { Pm2ApiOptions } from './options.ts';
import { createRpcServer } from './rpc-server.ts';

/** PM2's sockets in the home. */
export interface Pm2Api {
  /** An instance was taken off the list. */
  removed(instance: Instance): void;
  close(): void;
}

/** More clients than any host has tools that look at PM2. */
const MAX_CLIENTS = 256;

/**
 * Opens rpc.sock and pub.sock, and writes pm2.pid: with PM2_HOME at this home, programs that use `require('pm2')`
 * find this daemon in PM2's place, and start none of their own.
 * @param options the daemon's parts
 * @returns what closes them
 * @throws Error when a PM2 of another kind has this home, or a socket cannot be opened
 */
export async function openPm2Api(options: Pm2ApiOptions): Promise<Pm2Api> {
  const { home, log } = options;
  const files = { rpc: path.join(home.root, 'rpc.sock'), pub: path.join(home.root, 'pub.sock') };
  const pidFile = path.join(home.root, 'pm2.pid');
  for (const socket of Object.values(files)) await refuseLiving(socket);
  const feed = createBusFeed(options);
  const rpc = createRpcServer({
    methods: createMethods({ ...options, onKill: feed.killed }),
    onNonsense: (problem) => log.warn({ problem }, "PM2's socket"),
  });
  const close = () => {
    rpc.close();
    feed.close();
    for (const file of [files.rpc, files.pub, pidFile]) rmSync(file, { force: true });
  };
  for (const server of [rpc.server, feed.server]) {
    server.maxConnections = MAX_CLIENTS;
    server.on('error', (error) => log.error({ problem: messageOf(error) }, "PM2's socket"));
  }
  try {
    await Promise.all([listenOn(rpc.server, files.rpc), listenOn(feed.server, files.pub)]);
    await replaceFile(pidFile, String(process.pid), false);
  } catch (error) {
    close();
    throw error;
  }
  log.info({ rpc: files.rpc, pub: files.pub }, "PM2's sockets are open");
  return { removed: feed.removed, close };
}

/** The lock of the home says that no promvisor listens there; a real PM2 knows nothing of that lock. */
async function refuseLiving(socket: string): Promise<void> {
  const isLiving = await new Promise<boolean>((resolve) => {
    const probe = net.connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (isLiving) throw new Error(`${socket}: a PM2 runs with this home; end it with "pm2 kill", or move its apps`);
  rmSync(socket, { force: true });
}

function listenOn(server: net.Server, socket: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Bound before listen returns.
    const umask = process.umask(0o177);
    server.listen(socket, () => {
      server.off('error', reject);
      resolve();
    });
    process.umask(umask);
  });
}
