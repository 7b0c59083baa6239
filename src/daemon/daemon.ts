import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Progress } from '../api/contract.ts';
import { createApiServer } from '../api/server.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import { VERSION } from '../base/version.ts';
import type { Settings } from '../config/settings.ts';
import { createLogFanout } from '../logs/fanout.ts';
import { createSinkRegistry } from '../logs/sink-registry.ts';
import { createOomWitness } from '../os/kernel-oom.ts';
import { createBus } from './bus.ts';
import { createCommands } from './commands.ts';
import { createDeaths } from './deaths.ts';
import { createFigures } from './figures.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { record } from './flight-recorder.ts';
import { openHttpListener } from './http-listener.ts';
import { createInterpreter } from './interpreter.ts';
import type { DaemonLog } from './own-log.ts';
import { keepPidFile } from './pid-files.ts';
import { publicRoutes } from './public-routes.ts';
import { controlRoutes, type RoutesOptions } from './routes.ts';
import { logTransition } from './transition-log.ts';
import { createTriggers } from './triggers.ts';

export interface DaemonOptions {
  readonly home: Home;
  readonly settings: Settings;
  readonly log: DaemonLog;
}

export interface Daemon {
  /** Stops every app, then closes everything. */
  stop(report?: (progress: Progress) => void): Promise<void>;
  /** Resolves when everything is closed, by `stop` or by a command on the socket. */
  readonly ended: Promise<void>;
}

/**
 * Puts the parts of the daemon together and opens its doors.
 * @param options home, settings, own log; the lock of the home is held by the caller
 * @returns the running daemon
 */
export async function startDaemon({ home, settings, log }: DaemonOptions): Promise<Daemon> {
  const clock = systemClock;
  const startedAtMs = clock.wallMs();
  const bus = createBus();
  const fanout = createLogFanout();
  const sinks = createSinkRegistry(clock);
  const deaths = createDeaths({ clock, oom: createOomWitness() });
  const interpreter = createInterpreter({ clock, bus, deaths, log, homeRoot: home.root });
  const { perform } = interpreter;
  const fleet: Fleet = createFleet({ home, clock, log, sinks, fanout, random: Math.random, perform });
  const triggers = createTriggers({ ofApp: (key) => fleet.ofApp(key), clock, log });
  const figures = createFigures({ fleet, triggers, clock, bus, log, http: () => listener.view() });
  const commands = createCommands({ fleet, bus, clock, triggers, onRemoved: figures.forget });

  bus.subscribe(record);
  bus.subscribe((instance, transition) => logTransition(log, instance, transition));
  bus.subscribe((instance, transition) => keepPidFile(instance, transition, log));

  const { promise: ended, resolve: end } = withResolvers();
  const routes: RoutesOptions = {
    fleet,
    commands,
    fanout,
    home,
    clock,
    startedAtMs,
    views: { triggers },
    look: figures.look,
    http: () => listener.view(),
    quit: () => void close(),
  };
  const onDefect = (error: unknown, path: string) => log.error({ err: error, path }, 'request failed');
  const server = createApiServer(controlRoutes(routes), onDefect);
  const openRoutes = publicRoutes(routes, figures, settings.http.exposeEnv);
  const listener = openHttpListener({
    listen: settings.http.listen,
    server: () => createApiServer(openRoutes, onDefect),
    clock,
    log,
  });
  await listenOn(server, home.socket);
  log.info({ version: VERSION, pid: process.pid, node: process.version, home: home.root }, 'daemon started');

  let closing: Promise<void> | null = null;
  function close(): Promise<void> {
    closing ??= closeAll().finally(end);
    return closing;
  }
  async function closeAll(): Promise<void> {
    listener.close();
    await figures.close();
    server.close();
    // Answers that are still under way are let out; whoever only listens is cut off.
    server.closeIdleConnections();
    await triggers.close();
    rmSync(home.socket, { force: true });
  }

  return {
    ended,
    async stop(report = () => {}) {
      await commands.clear(report).catch((error: unknown) => {
        log.error({ problem: messageOf(error) }, 'apps could not be stopped');
      });
      await close();
    },
  };
}

/** A socket that a dead daemon left behind is in the way; the lock says that no living one uses it. */
function listenOn(server: Server, socket: string): Promise<void> {
  rmSync(socket, { force: true });
  const umask = process.umask(0o177);
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  }).finally(() => process.umask(umask));
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
