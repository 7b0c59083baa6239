import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import type { Progress } from '../api/contract.ts';
import { createApiServer } from '../api/server.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import { VERSION } from '../base/version.ts';
import type { Settings } from '../config/settings.ts';
import { createLogFanout } from '../logs/fanout.ts';
import { createFifoPool } from '../os/fifo-pool.ts';
import { createOomWitness } from '../os/kernel-oom.ts';
import * as pipes from '../os/pipes.ts';
import { openAgents } from './agents.ts';
import { appRoutes } from './app-routes.ts';
import { createBus } from './bus.ts';
import { createCommands } from './commands.ts';
import { createDeaths } from './deaths.ts';
import { createFigures } from './figures.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { record } from './flight-recorder.ts';
import { createHosts, type Hosts } from './hosts.ts';
import { openHttpListener } from './http-listener.ts';
import { appKey, type Instance } from './instance.ts';
import { createInterpreter } from './interpreter.ts';
import { createLogKeeping } from './log-keeping.ts';
import { startLoki } from './loki.ts';
import type { DaemonLog } from './own-log.ts';
import { createPidFiles } from './pid-files.ts';
import { publicRoutes } from './public-routes.ts';
import { createReloads } from './reload.ts';
import { controlRoutes, type RoutesOptions } from './routes.ts';
import { createTelemetry } from './telemetry.ts';
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
  /** Opens all log files of apps by their names. */
  reopenLogs(): void;
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
  const instances = () => fleet.all();
  const guard = () => loki.guard();
  const keeping = createLogKeeping({ home, settings: settings.logs, clock, log, instances, guard });
  const agents = openAgents({ socket: home.agentSocket, clock, log });
  const telemetry = createTelemetry({ home, clock, log, agents, fleet: () => fleet });
  const deaths = createDeaths({
    clock,
    oom: createOomWitness(),
    onEnded: (instance, ended) => figures.countEnd(ended, waiterOf(instance, hosts)),
    onDead: telemetry.retire,
  });
  const hosts: Hosts = createHosts({ home, clock, deaths, log, ofApp: (key) => fleet.ofApp(key) });
  const { perform } = createInterpreter({ clock, bus, deaths, agents, hosts, log, home });
  const pidFiles = createPidFiles(clock, log);
  const fifos = createFifoPool({ folder: path.join(home.runDir, 'spare') });
  const fleet: Fleet = createFleet({
    home,
    clock,
    log,
    sinks: keeping.sinks,
    fanout,
    pipes: { ...pipes, ...fifos },
    random: Math.random,
    onRolled: (...rolled) => figures.countRoll(...rolled),
    perform,
  });
  const reloads = createReloads({
    bus,
    clock,
    log,
    onOver: (...over) => figures.countReload(...over),
    onSkipped: (app, cause) => cause === 'cron' && figures.countCronSkipped(app),
  });
  const { onTrigger, onMemoryExceeded } = reloads;
  const triggers = createTriggers({ ofApp: (key) => fleet.ofApp(key), onTrigger, clock, log });
  const figures = createFigures({
    fleet,
    triggers,
    clock,
    bus,
    log,
    settings: settings.metrics,
    http: () => listener.view(),
    logBytes: keeping.bytes,
    loki: () => loki.figures(),
    agents: telemetry.source,
    onMemoryExceeded,
  });
  const commands = createCommands({
    fleet,
    bus,
    clock,
    triggers,
    reloads,
    drain: agents.drain,
    async onRemoved(instance) {
      figures.forget(instance);
      telemetry.forget(instance);
      pidFiles.forget(instance);
      const key = appKey(instance.spec);
      if (fleet.ofApp(key).length === 0) await hosts.release(key);
    },
  });

  bus.subscribe(record);
  bus.subscribe((instance, transition) => logTransition(log, instance, transition));
  bus.subscribe(pidFiles.follow);

  const loki = await startLoki({ settings: settings.loki, home, clock, log, instances });
  const { promise: ended, resolve: end } = withResolvers();
  const routes: RoutesOptions = {
    fleet,
    commands,
    fanout,
    home,
    clock,
    startedAtMs,
    views: { triggers, hosts, agents },
    look: figures.look,
    keeping,
    loki,
    http: () => listener.view(),
    quit: () => void close(),
  };
  const onDefect = (error: unknown, path: string) => log.error({ err: error, path }, 'request failed');
  const server = createApiServer(controlRoutes(routes), onDefect);
  const apps = appRoutes({ fleet, telemetry, figures, clock, address: () => listener.view().address });
  const openRoutes = publicRoutes(routes, figures, { http: settings.http, apps, agents: telemetry.source });
  const listener = openHttpListener({
    listen: settings.http.listen,
    server: () => createApiServer(openRoutes, onDefect),
    clock,
    log,
  });
  await listenOn(server, home.socket);
  log.info({ version: VERSION, pid: process.pid, node: process.version, home: home.root }, 'daemon started');
  const filling = fifos.fill().catch((error: unknown) => log.warn({ problem: messageOf(error) }, 'no spare pipes'));

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
    agents.close();
    pidFiles.close();
    await Promise.all([keeping.keeper.close(), loki.close(), filling]);
    rmSync(home.socket, { force: true });
  }

  return {
    ended,
    reopenLogs: () => void keeping.reopen(),
    async stop(report = () => {}) {
      await commands.clear(report).catch((error: unknown) => {
        log.error({ problem: messageOf(error) }, 'apps could not be stopped');
      });
      await close();
    },
  };
}

/** Who waits for the processes of an instance; null when the host that did is gone. */
function waiterOf({ spec }: Instance, hosts: Hosts): number | null {
  return spec.process.execMode === 'cluster' ? hosts.pidOf(appKey(spec)) : process.pid;
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
