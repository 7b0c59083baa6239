import type { ActionRequest, Progress } from '../../api/contract.ts';
import { PM2_VERSION } from '../../base/pm2-version.ts';
import type { Instance } from '../instance.ts';
import type { Pm2ApiOptions } from './options.ts';
import { specOf } from './prepare.ts';
import { envOf, idOf, isObject, textOf } from './requests.ts';
import { type Answer, type Method, SILENCE } from './rpc-server.ts';

const DONE = JSON.stringify({ success: true });

/** What the methods need beside the daemon's parts. */
export interface MethodsOptions extends Pm2ApiOptions {
  /** Somebody is about to end the daemon. */
  readonly onKill: () => void;
}

/**
 * The methods of rpc.sock, by PM2's names. What the clients only tell (notifyByProcessId, stopWatch) is answered and
 * not needed: events follow from what happens.
 * @param options the daemon's parts
 */
export function createMethods(options: MethodsOptions): Readonly<Record<string, Method>> {
  const { fleet } = options;
  const known = (value: unknown): Instance => {
    const id = idOf(value);
    const instance = fleet.find(id);
    if (instance === undefined) throw new Error(`${id} : id unknown`);
    return instance;
  };
  const act = (action: ActionRequest['action']) => async (asked: unknown) => {
    const instance = known(asked);
    const env = action === 'restart' || action === 'reload' ? envOf(asked) : undefined;
    await outcomeOf((report) => options.commands.act({ action, targets: [String(instance.id)], env }, report));
    return options.entryOf(instance);
  };
  const done = () => DONE;
  return {
    ping: () => JSON.stringify({ msg: 'pong' }),
    getVersion: () => JSON.stringify(PM2_VERSION),
    getMonitorData: () => options.jlist(),
    getReport: () => JSON.stringify(reportOf(options)),
    prepare: (asked) => prepare(asked, options),
    startProcessId: act('start'),
    stopProcessId: act('stop'),
    restartProcessId: act('restart'),
    reloadProcessId: act('reload'),
    softReloadProcessId: act('reload'),
    deleteProcessId: act('delete'),
    resetMetaProcessId: act('reset'),
    sendSignalToProcessId: (asked) => {
      const instance = known(asked);
      options.signal([instance], textOf(asked, 'signal'));
      return options.entryOf(instance);
    },
    sendSignalToProcessName: (asked) => {
      const name = textOf(asked, 'process_name');
      const instances = fleet.all().filter(({ spec }) => spec.name === name);
      if (instances.length === 0) throw new Error('Unknown process name');
      options.signal(instances, textOf(asked, 'signal'));
      return `[${instances.map(options.entryOf).join(',')}]`;
    },
    sendLineToStdin: (asked) => {
      options.sendLine(known(asked), textOf(asked, 'line').replace(/\n$/, ''));
      return JSON.stringify(asked);
    },
    sendDataToProcessId: (asked) => sendData(known(asked), asked),
    msgProcess: (asked) => {
      const { name } = known(asked).spec;
      throw new Error(`Action doesn't exist ${isObject(asked) ? String(asked['msg']) : ''} for ${name}`);
    },
    reloadLogs() {
      options.reopenLogs();
      return '{}';
    },
    notifyByProcessId: () => null,
    stopWatch: done,
    startWatch: done,
    monitor: done,
    unmonitor: done,
    notifyKillPM2() {
      options.onKill();
      return SILENCE;
    },
    killMe: (asked) => kill(asked, options),
  };
}

/** Adds an app and starts it; one that dies at once is started all the same, as with PM2. */
async function prepare(asked: unknown, { fleet, commands, home, entryOf }: MethodsOptions): Promise<Answer> {
  const spec = await specOf(asked, home);
  const before = new Set(fleet.all().map(({ id }) => id));
  await commands.start({ apps: [spec], onExisting: 'add' }, () => {});
  const added = fleet.all().filter(({ id, spec: own }) => !before.has(id) && own.name === spec.name);
  return `[${added.map(entryOf).join(',')}]`;
}

/** A message for the app, as it came. */
function sendData({ process, spec }: Instance, asked: unknown): Answer {
  if (process === null || process.exited) throw new Error(`${spec.name}: has no process`);
  let isTaken = true;
  process.send(asked, () => {
    isTaken = false;
  });
  if (!isTaken) throw new Error(`${spec.name}: has no IPC channel; Node apps that run have one`);
  return JSON.stringify({ success: true, data: asked });
}

/** Stops all, tells the client by its signal, as it waits for that, and ends the daemon. */
async function kill(asked: unknown, { commands, onKill, quit }: MethodsOptions): Promise<Answer> {
  onKill();
  await commands.clear(() => {});
  const pid = isObject(asked) ? asked['pid'] : undefined;
  if (typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid) {
    try {
      process.kill(pid, 'SIGQUIT');
    } catch {
      // It has gone already.
    }
  }
  quit();
  return SILENCE;
}

/** Runs a command on one instance. @throws Error with what went wrong */
async function outcomeOf(run: (report: (progress: Progress) => void) => Promise<void>): Promise<void> {
  let problem: string | null = null;
  await run((progress) => {
    if (progress.type === 'instance' && !progress.ok)
      problem = `${progress.app}: ${progress.message ?? progress.status}`;
  });
  if (problem !== null) throw new Error(problem);
}

function reportOf({ home, clock, startedAtMs }: MethodsOptions): unknown {
  return {
    pm2_version: PM2_VERSION,
    node_version: process.versions.node,
    node_path: process.execPath,
    argv0: process.argv0,
    argv: process.argv,
    uid: process.getuid?.() ?? null,
    gid: process.getgid?.() ?? null,
    pm2_home: home.root,
    started_at: startedAtMs,
    uptime_ms: Math.round(clock.wallMs() - startedAtMs),
  };
}
