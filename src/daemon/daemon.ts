import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import type { Progress } from '../api/contract.ts';
import { createApiServer } from '../api/server.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import type { Unit } from '../base/unit.ts';
import { VERSION } from '../base/version.ts';
import type { Settings } from '../config/settings.ts';
import { createLogFanout } from '../logs/fanout.ts';
import { createExitWatch } from '../os/exit-watch.ts';
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
import { appKey, type Instance, type LiveProcess } from './instance.ts';
import { createInterpreter } from './interpreter.ts';
import { createLogKeeping } from './log-keeping.ts';
import { startLoki } from './loki.ts';
import { createMarks } from './marks.ts';
import type { DaemonLog } from './own-log.ts';
import { createPidFiles } from './pid-files.ts';
import { publicRoutes } from './public-routes.ts';
import { createReloads } from './reload.ts';
import { controlRoutes, type RoutesOptions } from './routes.ts';
import { adopt } from './state/adopt.ts';
import { stateText } from './state/saved.ts';
import { createSnapshot } from './state/snapshot.ts';
import { createStore, loadState } from './state/store.ts';
import { restoreTotals, totalsText } from './state/totals.ts';
import { createTelemetry } from './telemetry.ts';
import { logTransition } from './transition-log.ts';
import { createTriggers } from './triggers.ts';

export interface DaemonOptions {
  readonly home: Home;
  readonly settings: Settings;
  readonly log: DaemonLog;
  /** Whose main process this is, null when a command has started it. */
  readonly unit: Unit | null;
}

export interface Daemon {
  /**
   * Stops every app, then closes everything.
   * @param options `keepList`: the next daemon has the apps again, and starts those that are up now
   */
  stop(options: { readonly keepList: boolean }, report?: (progress: Progress) => void): Promise<void>;
  /** Leaves the apps to the next daemon: the state is on disk, and everything else is as after a crash. */
  leave(): Promise<void>;
  /** How many instances there are, and how many of them are up. */
  count(): { readonly all: number; readonly up: number };
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
export async function startDaemon({ home, settings, log, unit }: DaemonOptions): Promise<Daemon> {
  const clock = systemClock;
  const startedAtMs = clock.wallMs();
  const left = loadState(home.stateFile, log, startedAtMs);
  const marks = createMarks(home);
  const exits = createExitWatch(clock);
  let isStopping = false;
  let adopted = 0;
  const bus = createBus();
  const fanout = createLogFanout();
  const instances = () => fleet.all();
  const guard = () => loki.guard();
  const keeping = createLogKeeping({ home, settings: settings.logs, clock, log, instances, guard });
  const agents = openAgents({
    socket: home.agentSocket,
    clock,
    log,
    onMessage({ id, generation, pid }, message) {
      const instance = fleet.find(id);
      const isReady = message === 'ready' && instance?.processes.get(generation)?.pid === pid;
      if (isReady) instance.post({ type: 'ready', generation });
    },
    // Its end is near, or past.
    onGone: ({ pid }) => exits.look(pid),
  });
  const telemetry = createTelemetry({
    home,
    clock,
    log,
    agents,
    fleet: () => fleet,
    settled() {
      totals.touch();
      return totals.settled();
    },
  });
  const deaths = createDeaths({
    clock,
    oom: createOomWitness(),
    onEnded: (instance, ended) => figures.countEnd(ended, waiterOf(instance, ended, hosts)),
    onDead: telemetry.retire,
  });
  const onChanged = () => store.touch();
  const ofApp = (key: string) => fleet.ofApp(key);
  const settled = () => store.settled();
  const hosts: Hosts = createHosts({ home, clock, deaths, log, ofApp, marks, exits, onChanged, settled });
  const { perform } = createInterpreter({ clock, bus, deaths, agents, hosts, log, home, marks });
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
    onChanged,
  });
  const { wallMs } = clock;
  const snapshot = createSnapshot({ fleet, hosts, nonce: marks.nonce, isStopping: () => isStopping, wallMs });
  const text = () => stateText(snapshot());
  const store = createStore({ file: home.stateFile, clock, log, text, durable: true });
  const reloads = createReloads({
    bus,
    clock,
    log,
    onOver: (...over) => figures.countReload(...over),
    onSkipped: (app, cause) => cause === 'cron' && figures.countCronSkipped(app),
  });
  const { onTrigger, onMemoryExceeded } = reloads;
  const triggers = createTriggers({ ofApp, onTrigger, clock, log });
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
    onShown: () => totals.touch(),
  });
  const totals = createStore({
    file: home.totalsFile,
    clock,
    log,
    text: () => totalsText({ fleet, figures, telemetry }),
    durable: false,
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
    unit,
    adopted: () => adopted,
    warning: () => stateWarning(store.problem(), home),
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
  if (left !== null) {
    const restore = () => restoreTotals(home.totalsFile, { fleet, figures, telemetry }, log);
    const parts = { fleet, hosts, agents, deaths, exits, marks, clock, log };
    adopted = await adopt(left, { ...parts, restoreTotals: restore });
  }
  telemetry.takeLeft();
  for (const key of new Set(fleet.all().map(({ spec }) => appKey(spec)))) await triggers.reconcile(key);
  const listener = openHttpListener({
    listen: settings.http.listen,
    server: () => createApiServer(openRoutes, onDefect),
    clock,
    log,
  });
  store.touch();
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
    exits.close();
    await Promise.all([store.close(), totals.close()]);
    await Promise.all([keeping.keeper.close(), loki.close(), filling]);
    rmSync(home.socket, { force: true });
  }

  return {
    ended,
    reopenLogs: () => void keeping.reopen(),
    async leave() {
      store.touch();
      await store.close();
      end();
    },
    count() {
      const all = fleet.all();
      return { all: all.length, up: all.filter(({ state }) => state.phase.status === 'running').length };
    },
    async stop({ keepList }, report = () => {}) {
      if (keepList) {
        // What is up now is to be up again under the next daemon, however this one comes to its end.
        isStopping = true;
        store.touch();
        totals.touch();
        await Promise.all([store.close(), totals.close()]);
      }
      await commands.clear(report).catch((error: unknown) => {
        log.error({ problem: messageOf(error) }, 'apps could not be stopped');
      });
      await close();
    },
  };
}

/** Who waits for the processes of an instance; null when the host that did is gone. */
function waiterOf({ spec }: Instance, ended: LiveProcess, hosts: Hosts): number | null {
  if (spec.process.execMode === 'cluster') return hosts.pidOf(appKey(spec));
  // init waits for the children of a daemon that is gone.
  return ended.adopted ? null : process.pid;
}

function stateWarning(problem: string | null, { stateFile }: Home): string | null {
  if (problem === null) return null;
  return `the state could not be saved (${problem}); until it can, a daemon that comes after this one knows ${stateFile} as it was`;
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
