import { constants } from 'node:os';
import { type FleetView, type HttpView, type PingView, type Progress, ROUTES } from '../api/contract.ts';
import type { FlushView, LeaveView } from '../api/daemon-views.ts';
import { type JlistSource, jlistText } from '../api/jlist.ts';
import { json, type Reply, type RequestContext, type Routes, type StreamContext } from '../api/server.ts';
import { ownEnv } from '../api/shared-env.ts';
import type { Clock } from '../base/clock.ts';
import { PromvisorError } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import type { Unit } from '../base/unit.ts';
import { STATE_VERSION, VERSION } from '../base/version.ts';
import type { LogFanout } from '../logs/fanout.ts';
import { signalTree } from '../os/process-tree.ts';
import { runsNode } from '../os/spawn.ts';
import type { AppMessages } from './app-messages.ts';
import type { Commands } from './commands.ts';
import { entriesIn } from './dump/dump-file.ts';
import type { Dumps } from './dump/dumps.ts';
import type { Fleet } from './fleet.ts';
import type { Instance } from './instance.ts';
import { ownUser } from './instance-env.ts';
import type { Journal } from './journal/journal.ts';
import type { LogKeeping } from './log-keeping.ts';
import { streamLogs } from './log-stream.ts';
import type { Loki } from './loki.ts';
import type { Report } from './operations.ts';
import { talkRoutes } from './talk-routes.ts';
import { selectInstances } from './targets.ts';
import { isInstalled } from './unit/service.ts';
import { describeView, envView, instanceView, specView, type ViewContext, whyView } from './views.ts';

export interface RoutesOptions {
  readonly fleet: Fleet;
  readonly commands: Commands;
  readonly messages: AppMessages;
  readonly fanout: LogFanout;
  readonly keeping: LogKeeping;
  readonly loki: Loki;
  readonly dumps: Dumps;
  readonly journal: Journal;
  readonly views: ViewContext;
  readonly home: Home;
  readonly clock: Clock;
  /** Takes fresh figures of these instances. */
  readonly look: (instances: readonly Instance[]) => Promise<void>;
  readonly http: () => HttpView;
  /** What people have to know although their command was carried out; null for nothing. */
  readonly warning: () => string | null;
  readonly startedAtMs: number;
  /** Whose main process this is, null when a command has started it. */
  readonly unit: Unit | null;
  /** Its end is that of a container or of a terminal's command. */
  readonly foreground: boolean;
  /** Processes taken over from an earlier daemon. */
  readonly adopted: () => number;
  /** Ends the daemon and leaves the apps to the next one, once the answer is out. */
  readonly leave: () => void;
  /** Ends the daemon, once the answer is out. */
  readonly quit: () => void;
}

/** The routes of the owner's socket. */
export function controlRoutes(options: RoutesOptions): Routes {
  const { fleet, commands } = options;
  const selected = ({ query }: RequestContext) => {
    const targets = query.getAll('target');
    return targets.length === 0 ? fleet.all() : selectInstances(targets, fleet.all());
  };
  const read = <T>(view: (instance: Instance, context: ViewContext) => T) => ({
    method: 'GET' as const,
    reply: async (request: RequestContext): Promise<Reply> => {
      const instances = selected(request);
      await options.look(instances);
      return json({ instances: instances.map((instance) => view(instance, options.views)) });
    },
  });
  const mutate = (run: (body: unknown, report: Report) => Promise<void>) => ({
    method: 'POST' as const,
    stream: ({ body }: RequestContext, { write }: StreamContext) =>
      run(body, (progress: Progress) => write(withWarning(progress, options.warning()))),
  });

  return {
    ...talkRoutes(options),
    [ROUTES.ping]: { method: 'GET', reply: () => json(pingView(options)) },
    [ROUTES.instances]: {
      method: 'GET',
      reply: async (request) => {
        const instances = selected(request);
        await options.look(instances);
        const views = instances.map((instance) => instanceView(instance, options.views));
        return json({ instances: views, daemon: { version: VERSION, http: options.http() } } satisfies FleetView);
      },
    },
    [ROUTES.describe]: {
      method: 'GET',
      reply: async (request) => {
        const instances = selected(request);
        await options.look(instances);
        const { apps } = options.loki.status();
        const views = instances.map((instance) => describeView(instance, options.views, apps));
        return json({ instances: await Promise.all(views) });
      },
    },
    [ROUTES.why]: read(whyView),
    [ROUTES.env]: { method: 'GET', reply: (request) => json({ instances: selected(request).map(envView) }) },
    [ROUTES.specs]: { method: 'GET', reply: (request) => json({ instances: selected(request).map(specView) }) },
    [ROUTES.jlist]: {
      method: 'GET',
      reply: () => jlistReply(options, true),
    },
    [ROUTES.start]: mutate(async (body, report) => {
      const { parseStartRequest } = await import('../config/wire.ts');
      await commands.start(ownEnv(parseStartRequest(body)), report);
    }),
    [ROUTES.action]: mutate(async (body, report) => {
      const { parseActionRequest } = await import('../config/wire.ts');
      await commands.act(parseActionRequest(body), report);
    }),
    [ROUTES.scale]: mutate(async (body, report) => {
      const { parseScaleRequest } = await import('../config/wire.ts');
      await commands.scale(parseScaleRequest(body), report);
    }),
    [ROUTES.signal]: { method: 'POST', reply: ({ body }) => signal(body, fleet) },
    [ROUTES.flush]: { method: 'POST', reply: ({ body }) => flush(body, options) },
    [ROUTES.reloadLogs]: { method: 'POST', reply: () => json({ files: options.keeping.reopen() }) },
    [ROUTES.leave]: { method: 'POST', reply: ({ query }) => leave(query.get('state'), options) },
    [ROUTES.save]: {
      method: 'POST',
      reply: async ({ query }) => json(await options.dumps.save(query.get('force') === 'true')),
    },
    [ROUTES.restore]: mutate((body, report) => {
      const entries = entriesIn(body);
      if (typeof entries !== 'string') return commands.restore(entries, report);
      throw new PromvisorError('REQUEST_INVALID', `body: expected a list of instances, but ${entries}`);
    }),
    [ROUTES.resurrect]: mutate((_body, report) => options.dumps.resurrect(commands, report)),
    [ROUTES.clearDump]: { method: 'POST', reply: async () => json(await options.dumps.clear()) },
    [ROUTES.kill]: mutate(async (_body, report) => {
      await commands.clear(report);
      options.quit();
    }),
    [ROUTES.lokiStatus]: { method: 'GET', reply: () => json(options.loki.status()) },
    [ROUTES.lokiTest]: { method: 'POST', reply: async () => json(await options.loki.test()) },
    [ROUTES.events]: { method: 'GET', stream: ({ query }, stream) => options.journal.stream(query, stream) },
    [ROUTES.logs]: {
      method: 'GET',
      stream: (request, stream) => {
        const follow = request.query.get('follow') !== 'false';
        return streamLogs({ instances: selected(request), fanout: options.fanout, follow }, stream);
      },
    },
  };
}

function withWarning(progress: Progress, warning: string | null): Progress {
  return progress.type === 'end' && warning !== null ? { ...progress, warning } : progress;
}

/** PM2's list, fresh. */
export async function jlistReply(options: RoutesOptions, exposeEnv: boolean): Promise<Reply> {
  const instances = options.fleet.all();
  await options.look(instances);
  const sources = instances.map((instance) => jlistSource(instance, options.clock));
  return { contentType: 'application/json; charset=utf-8', body: jlistText(sources, { exposeEnv }) };
}

/** An instance as PM2's readers see it; figures as they were looked at last. */
export function jlistSource(instance: Instance, clock: Clock): JlistSource {
  const { id, slot, spec, state, vitals, lastStartedAtMs, pidFile } = instance;
  return {
    id,
    slot,
    spec,
    state,
    createdAtMs: Math.round(clock.wallMs() - (clock.nowMs() - state.createdAtMs)),
    lastStartedAtMs,
    cpuRatio: vitals?.cpuRatio ?? null,
    rssBytes: vitals?.rssBytes ?? null,
    watching: spec.triggers.watch !== null,
    username: ownUser(),
    nodeVersion: runsNode(spec.process) ? process.versions.node : null,
    logs: instance.logs.files(),
    pidFile,
  };
}

function pingView({ clock, startedAtMs, adopted, http, home, unit }: RoutesOptions): PingView {
  const uptimeSeconds = Math.round(clock.wallMs() - startedAtMs) / 1000;
  const restartedBy = unit !== null && isInstalled(unit) ? 'systemd' : 'next-command';
  const about = { pid: process.pid, version: VERSION, uptimeSeconds, adopted: adopted() };
  return { ...about, restartedBy, unit: unit?.name ?? null, http: http(), home: home.root };
}

/** Whoever comes next must understand what this one leaves. */
function leave(known: string | null, options: RoutesOptions): Reply {
  const stateVersion = Number(known);
  if (!/^\d{1,9}$/.test(known ?? '')) {
    throw new PromvisorError('REQUEST_INVALID', `state: expected a version of the state, got ${JSON.stringify(known)}`);
  }
  if (stateVersion < STATE_VERSION) {
    const message = `the state of the running daemon (${VERSION}) has version ${STATE_VERSION}, and the installed promvisor knows ${stateVersion}; install ${VERSION} or a newer one`;
    throw new PromvisorError('STATE_NEWER', message, { details: { stateVersion: STATE_VERSION } });
  }
  if (options.foreground) {
    const message = 'the daemon runs in the foreground (--no-daemon): end it, and start it again with the new version';
    throw new PromvisorError('NOT_SUPPORTED', message);
  }
  setImmediate(options.leave);
  return json({ pid: process.pid, version: VERSION } satisfies LeaveView);
}

async function signal(body: unknown, fleet: Fleet): Promise<Reply> {
  const { parseSignalRequest } = await import('../config/wire.ts');
  const request = parseSignalRequest(body);
  const name = signalName(request.signal);
  const instances = selectInstances(request.targets, fleet.all());
  let signalled = 0;
  for (const { process: live } of instances) {
    if (live === null || live.exited) continue;
    // A signal by hand is for the program itself, as with PM2; only a stop is for the whole tree.
    signalled += signalTree({ root: live.identity, signal: name, treekill: false }).sent;
  }
  return json({ signalled });
}

function signalName(text: string): NodeJS.Signals {
  const name = text.toUpperCase().startsWith('SIG') ? text.toUpperCase() : `SIG${text.toUpperCase()}`;
  if (Object.hasOwn(constants.signals, name)) return name as NodeJS.Signals; // a key of the table is a signal
  throw new PromvisorError('REQUEST_INVALID', `signal: expected a name such as SIGUSR2, got "${text}"`);
}

async function flush(body: unknown, { fleet, keeping }: RoutesOptions): Promise<Reply> {
  const { parseTargetsRequest } = await import('../config/wire.ts');
  const instances = selectInstances(parseTargetsRequest(body).targets, fleet.all());
  return json((await keeping.flush(instances)) satisfies FlushView);
}
