import { rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { messageOf } from '../../base/errors.ts';
import type { LogRecord } from '../../logs/record.ts';
import type { Instance } from '../instance.ts';
import { createEventTeller, type ProcessEvent } from './events.ts';
import { createMethods } from './methods.ts';
import type { Pm2ApiOptions } from './options.ts';
import { createPubServer } from './pub-server.ts';
import { isObject } from './requests.ts';
import { createRpcServer } from './rpc-server.ts';

/** PM2's sockets in the home. */
export interface Pm2Api {
  /** An instance was taken off the list. */
  removed(instance: Instance): void;
  /** An app has sent a message to who supervises it. */
  message(instance: Instance, message: unknown): void;
  close(): void;
}

/** More clients than any host has tools that look at PM2. */
const MAX_CLIENTS = 256;

/**
 * Opens rpc.sock and pub.sock, and writes pm2.pid: with PM2_HOME at this home, programs that use `require('pm2')`
 * find this daemon in PM2's place, and start none of their own.
 * @param options the daemon's parts
 * @returns what closes them
 * @throws Error when a PM2 of another kind has this home
 */
export async function openPm2Api(options: Pm2ApiOptions): Promise<Pm2Api> {
  const { home, fleet, bus, fanout, clock, log } = options;
  const files = { rpc: path.join(home.root, 'rpc.sock'), pub: path.join(home.root, 'pub.sock') };
  const pidFile = path.join(home.root, 'pm2.pid');
  for (const socket of Object.values(files)) await refuseLiving(socket);
  const teller = createEventTeller();
  let endLogs: (() => void) | null = null;
  const pub = createPubServer((isHeard) => {
    endLogs?.();
    endLogs = isHeard ? followLogs() : null;
  });
  const methods = createMethods({
    ...options,
    onKill: () => pub.publish('pm2:kill', JSON.stringify({ status: 'killed', msg: 'pm2 has been killed' })),
  });
  const rpc = createRpcServer({ methods, onNonsense: (problem) => log.warn({ problem }, "PM2's socket") });

  function followLogs(): () => void {
    const take = ({ id, app, stream, atMs, text }: LogRecord) => {
      const namespace = fleet.find(id)?.spec.namespace ?? 'default';
      const about = { pm_id: id, name: app, rev: null, namespace };
      const said = { process: about, at: Math.round(atMs), data: `${text}\n` };
      pub.publish(stream === 'out' ? 'log:out' : 'log:err', JSON.stringify(said));
      return true;
    };
    return fanout.subscribe(
      () => true,
      take,
      () => {},
    );
  }

  function tell(instance: Instance, { event, manually }: ProcessEvent): void {
    const { pm2_env: shown } = JSON.parse(options.entryOf(instance)) as { pm2_env: Record<string, unknown> };
    const { env: _env, ...process } = shown;
    pub.publish('process:event', JSON.stringify({ event, manually, process, at: Math.round(clock.wallMs()) }));
  }

  const unsubscribe = bus.subscribe((instance, transition) => {
    const events = teller.of(instance.id, transition);
    if (pub.isHeard()) for (const event of events) tell(instance, event);
  });
  const sockets = new Set<net.Socket>();
  rpc.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await Promise.all([listenOn(rpc, files.rpc), listenOn(pub.server, files.pub)]);
  for (const server of [rpc, pub.server]) {
    server.maxConnections = MAX_CLIENTS;
    server.on('error', (error) => log.error({ problem: messageOf(error) }, "PM2's socket"));
  }
  await replaceFile(pidFile, String(process.pid), false);
  log.info({ rpc: files.rpc, pub: files.pub }, "PM2's sockets are open");

  return {
    removed(instance) {
      teller.forget(instance.id);
      if (pub.isHeard()) tell(instance, { event: 'delete', manually: true });
    },
    message(instance, message) {
      if (!pub.isHeard()) return;
      const about = { pm_id: instance.id, name: instance.spec.name, namespace: instance.spec.namespace, rev: null };
      const at = Math.round(clock.wallMs());
      // PM2's rule: what names its type is published under it.
      const isTyped = isObject(message) && typeof message['type'] === 'string';
      const data = isTyped ? { data: message['data'] } : { raw: message };
      const topic = isTyped ? String(message['type']) : 'process:msg';
      pub.publish(topic, JSON.stringify({ at, ...data, process: about }));
    },
    close() {
      unsubscribe();
      endLogs?.();
      endLogs = null;
      rpc.close();
      pub.server.close();
      pub.close();
      for (const socket of sockets) socket.destroy();
      for (const file of [files.rpc, files.pub, pidFile]) rmSync(file, { force: true });
    },
  };
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
