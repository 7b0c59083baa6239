import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Progress } from '../api/contract.ts';
import { createApiServer } from '../api/server.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf, type PromvisorError } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import type { Unit } from '../base/unit.ts';
import { VERSION } from '../base/version.ts';
import { withResolvers } from '../base/with-resolvers.ts';
import type { Settings } from '../config/settings.ts';
import { createLogFanout } from '../logs/fanout.ts';
import { createExitWatch } from '../os/exit-watch.ts';
import { createFifoPool } from '../os/fifo-pool.ts';
import { openHeap } from '../os/heap.ts';
import { createOomWitness } from '../os/kernel-oom.ts';
import { createNativeChildren } from '../os/native-children.ts';
import * as pipes from '../os/pipes.ts';
import { openAgents } from './agents.ts';
import { createAppMessages } from './app-messages.ts';
import { appRoutes } from './app-routes.ts';
import { createBus } from './bus.ts';
import { createCommands } from './commands.ts';
import { listenOn } from './control-socket.ts';
import { createDeaths } from './deaths.ts';
import { createDumps } from './dump/dumps.ts';
import { createFigures } from './figures.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { record } from './flight-recorder.ts';
import { createHeapRest } from './heap-rest.ts';
import { createHosts, type Hosts } from './hosts.ts';
import { openHttpListener } from './http-listener.ts';
import { appKey } from './instance.ts';
import { createInterpreter } from './interpreter.ts';
import { openJournal } from './journal/journal.ts';
import { createLandingsOfHome } from './landings.ts';
import { leave } from './leave.ts';
import { createLogKeeping } from './log-keeping.ts';
import { startLoki } from './loki.ts';
import type { DaemonLog } from './own-log.ts';
import { createPidFiles } from './pid-files.ts';
import { createPm2Sockets } from './pm2-api.ts';
import { publicRoutes } from './public-routes.ts';
import { createReloads } from './reload.ts';
import { controlRoutes, type RoutesOptions } from './routes.ts';
import { createLasting } from './state/lasting.ts';
import { createTelemetry } from './telemetry.ts';
import { logTransition } from './transition-log.ts';
import { createTriggers } from './triggers.ts';
import { waiterOf } from './waiter.ts';

export interface DaemonOptions {
  readonly home: Home;
  readonly settings: Settings;
  readonly log: DaemonLog;
  /** Whose main process this is, null when a command has started it. */
  readonly unit: Unit | null;
  /** Somebody waits for the end of this process, and takes it for the end of everything. */
  readonly foreground: boolean;
}

export interface Daemon {
  /**
   * Stops every app, then closes everything.
   * @param options `keepList`: the next daemon has the apps again, and starts those that are up now
   */
  stop(options: { readonly keepList: boolean }, report?: (progress: Progress) => void): Promise<void>;
  /** Leaves the apps to the next daemon: they run on, and the state is on disk. */
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
export async function startDaemon({ home, settings, log, unit, foreground }: DaemonOptions): Promise<Daemon> {
  const clock = systemClock;
  const startedAtMs = clock.wallMs();
  const exits = createExitWatch(clock);
  const parts = () => ({ fleet, hosts, agents, deaths, figures, telemetry });
  const lasting = createLasting({ home, clock, log, exits, parts });
  const { marks, state, totals } = lasting;
  let adopted = 0;
  const bus = createBus();
  const fanout = createLogFanout();
  const pm2 = createPm2Sockets(settings.pm2.api);
  const journal = openJournal({ file: home.journalFile, clock, log, instances: () => fleet.all() });
  const instances = () => fleet.all();
  const guard = () => loki.guard();
  const keeping = createLogKeeping({ home, settings: settings.logs, clock, log, instances, guard });
  const messages = createAppMessages({ clock, onWanted: (isWanted) => hosts.listen(isWanted) });
  const agents = openAgents({
    socket: home.agentSocket,
    clock,
    log,
    onMessage({ id, generation, pid }, message) {
      const instance = fleet.find(id);
      if (instance?.processes.get(generation)?.pid !== pid) return;
      if (message === 'ready') instance.post({ type: 'ready', generation });
      messages.take(instance, message);
    },
    // Its end is near, or past.
    onGone: ({ pid }) => exits.look(pid),
  });
  const telemetry = createTelemetry({
    home,
    clock,
    log,
    agents,
    nativeCalls: settings.nativeCalls,
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
  const heap = createHeapRest(clock, openHeap(settings.nativeCalls));
  const onChanged = () => {
    for (const part of [state, dumps, heap]) part.touch();
  };
  const ofApp = (key: string) => fleet.ofApp(key);
  const settled = () => state.settled();
  const hosts: Hosts = createHosts({ home, clock, deaths, log, ofApp, marks, exits, messages, onChanged, settled });
  const native = createNativeChildren(settings.nativeCalls);
  const { perform } = createInterpreter({ clock, bus, deaths, agents, hosts, log, home, marks, messages, native });
  const pidFiles = createPidFiles(clock, log);
  const landings = createLandingsOfHome(home, settings.nativeCalls);
  const fifos = createFifoPool({ folder: path.join(home.runDir, 'spare') });
  const fleet: Fleet = createFleet({
    home,
    clock,
    log,
    sinks: keeping.sinks,
    fanout,
    pipes: { ...pipes, ...fifos },
    landings: landings.get,
    random: Math.random,
    onRolled: (...rolled) => figures.countRoll(...rolled),
    perform,
    onAdded: journal.added,
    onChanged,
  });
  const dumps = createDumps({ file: home.dumpFile, fleet, clock, log, autosave: settings.autosave });
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
    settings,
    http: () => listener.view(),
    logBytes: keeping.bytes,
    loki: () => loki.figures(),
    agents: telemetry.source,
    journalDropped: journal.dropped,
    onMemoryExceeded,
    onShown: lasting.shown,
  });
  const commands = createCommands({
    fleet,
    bus,
    clock,
    triggers,
    reloads,
    drain: agents.drain,
    onClear: dumps.freeze,
    async onRemoved(instance) {
      figures.forget(instance);
      telemetry.forget(instance);
      pidFiles.forget(instance);
      journal.removed(instance);
      pm2.removed(instance);
      const key = appKey(instance.spec);
      if (fleet.ofApp(key).length === 0) await hosts.release(key);
    },
  });

  bus.subscribe(record);
  bus.subscribe(journal.follow);
  bus.subscribe((instance, transition) => logTransition(log, instance, transition));
  bus.subscribe(pidFiles.follow);

  const loki = await startLoki({ settings: settings.loki, home, clock, log, instances });
  const { promise: ended, resolve: end } = withResolvers();
  const routes: RoutesOptions = {
    fleet,
    commands,
    messages,
    fanout,
    home,
    clock,
    startedAtMs,
    unit,
    foreground,
    adopted: () => adopted,
    warning: lasting.warning,
    views: { triggers, hosts, agents },
    look: figures.look,
    keeping,
    loki,
    dumps,
    journal,
    http: () => listener.view(),
    quit: () => void close(),
    leave: () => void depart(),
  };
  const ending = new AbortController();
  const onDefect = (error: unknown, path: string) => log.error({ err: error, path }, 'request failed');
  const server = createApiServer(controlRoutes(routes), onDefect, ending.signal);
  const apps = appRoutes({ fleet, telemetry, figures, clock, address: () => listener.view().address });
  const openRoutes = publicRoutes(routes, figures, { http: settings.http, apps, agents: telemetry.source });
  adopted = await lasting.takeOver();
  landings.settled();
  for (const key of new Set(fleet.all().map(({ spec }) => appKey(spec)))) await triggers.reconcile(key);
  const listener = openHttpListener({
    listen: settings.http.listen,
    server: () => createApiServer(openRoutes, onDefect),
    clock,
    log,
  });
  journal.found(fleet.all());
  state.touch();
  dumps.follow();
  await pm2.open({ ...routes, bus, log });
  await listenOn(server, home.socket);
  log.info({ version: VERSION, pid: process.pid, node: process.version, home: home.root }, 'daemon started');
  const filling = fifos.fill().catch((error: unknown) => log.warn({ problem: messageOf(error) }, 'no spare pipes'));

  let closing: Promise<void> | null = null;
  function close(): Promise<void> {
    closing ??= closeAll().finally(end);
    return closing;
  }
  function depart(): Promise<void> {
    const endStreams = (error: PromvisorError) => ending.abort(error);
    const rest = { fleet, lasting, dumps, journal, keeping, loki, clock, log };
    pm2.close();
    closing ??= leave({ server, listener, endStreams, ...rest }).finally(end);
    return closing;
  }
  async function closeAll(): Promise<void> {
    pm2.close();
    // Before nobody listens: a client that finds no daemon looks there for apps that were left.
    await state.settled();
    listener.close();
    await figures.close();
    server.close();
    // Answers that are still under way are let out; whoever only listens is cut off.
    server.closeIdleConnections();
    await triggers.close();
    for (const part of [agents, pidFiles, heap, exits]) part.close();
    await Promise.all([lasting.close(), dumps.close(), journal.close('ended')]);
    await Promise.all([keeping.keeper.close(), loki.close(), filling]);
    landings.remove();
    rmSync(home.socket, { force: true });
  }

  return {
    ended,
    reopenLogs: () => void keeping.reopen(),
    leave: depart,
    count() {
      const all = fleet.all();
      return { all: all.length, up: all.filter(({ state }) => state.phase.status === 'running').length };
    },
    async stop({ keepList }, report = () => {}) {
      if (keepList) {
        // What is up now is to be up again under the next daemon, however this one comes to its end.
        await lasting.freeze();
      }
      await commands.clear(report).catch((error: unknown) => {
        log.error({ problem: messageOf(error) }, 'apps could not be stopped');
      });
      await close();
    },
  };
}
