import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { DescribeView, InstanceView, PingView, WhyView } from '../../src/api/contract.ts';
import { type RunningCommand, type RunOptions, type RunResult, startCli } from './cli.ts';
import { commandLine, isRunning, killQuietly, MARK, markedProcesses } from './processes.ts';
import { until } from './until.ts';
import { type Answer, askHttp } from './wire.ts';

const DISPOSE_MS = 90_000;

/** A private home with the built product in it. Whatever a test starts here ends with the test, or fails it. */
export interface TestHome {
  /** A folder of the test's own; PROMVISOR_HOME is `root/home`, the working directory `root/work`. */
  readonly root: string;
  readonly work: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command of the CLI to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The same, and it must exit with 0. */
  ok(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a command that goes on. */
  start(args: readonly string[], options?: RunOptions): RunningCommand;
  /** Writes a file into the working directory and gives its path. */
  write(name: string, content: string): string;
  /** Asks the daemon on its socket and parses the JSON. */
  get<T>(route: string): Promise<T>;
  ping(): Promise<PingView>;
  instances(): Promise<readonly InstanceView[]>;
  /** The only instance of an app. */
  instance(app: string): Promise<InstanceView>;
  describe(app: string): Promise<DescribeView>;
  why(app: string): Promise<WhyView>;
  /** Asks the read-only TCP listener. */
  http(route: string): Promise<Answer>;
  /** Value of a series of /metrics; NaN when it is not there. */
  metric(name: string, labels: Readonly<Record<string, string>>): Promise<number>;
  /** What is in a log file, empty when there is none; with an id where instances have files of their own. */
  log(app: string, stream?: 'out' | 'error', id?: number): string;
  /** Processes that this test caused and that run now. */
  processes(): number[];
}

export interface HomeOptions {
  /** True where the daemon is meant to complain on stderr, because it cannot start. */
  readonly daemonFails?: boolean;
}

/**
 * Makes a home for the running test and ends it with the test: `kill`, then a look at every process of the machine.
 * @param env further variables for each command
 * @param options what is out of the ordinary
 * @returns the home
 */
export function testHome(env: Readonly<Record<string, string>> = {}, options: HomeOptions = {}): TestHome {
  const { home, close } = openHome(env, options);
  onTestFinished(close, DISPOSE_MS);
  return home;
}

/**
 * Makes a home that several tests share.
 * @param env further variables for each command
 * @param options what is out of the ordinary
 * @returns the home, and what must be called in the end, which fails when anything is left
 */
export function openHome(
  env: Readonly<Record<string, string>> = {},
  { daemonFails = false }: HomeOptions = {},
): { home: TestHome; close(): Promise<void> } {
  const root = mkdtempSync(path.join(tmpdir(), 'pmv-'));
  const running = new Set<RunningCommand>();
  const home = createHome(root, { ...baseEnv(root), ...env }, running);
  return { home, close: () => dispose(home, running, daemonFails) };
}

function createHome(root: string, env: Readonly<Record<string, string>>, running: Set<RunningCommand>): TestHome {
  const work = path.join(root, 'work');
  mkdirSync(work);
  const socketPath = path.join(root, 'home/run/daemon.sock');
  const start = (args: readonly string[], options: RunOptions = {}) => {
    const command = startCli(args, { cwd: work, ...options, env: { ...env, ...options.env } });
    running.add(command);
    void command.ended.then(() => running.delete(command));
    return command;
  };
  const get = async <T>(route: string): Promise<T> => {
    const { status, body } = await askHttp({ socketPath, path: route });
    if (status !== 200) throw new Error(`GET ${route}: expected status 200, got ${status}: ${body}`);
    return JSON.parse(body) as T;
  };
  const one = async <T extends InstanceView>(route: string, app: string): Promise<T> => {
    const { instances } = await get<{ instances: T[] }>(`${route}?target=${encodeURIComponent(app)}`);
    const [only] = instances;
    if (only === undefined || instances.length > 1)
      throw new Error(`${app}: expected one instance, got ${instances.length}`);
    return only;
  };
  const ping = () => get<PingView>('/v1/ping');
  const http = async (route: string) => {
    const address = await until(async () => (await ping()).http.address, { what: 'address of the HTTP listener' });
    return askHttp({ address, path: route });
  };
  return {
    root,
    work,
    env,
    start,
    run: (args, options) => start(args, options).ended,
    ok: async (args, options) => expectDone(args, await start(args, options).ended),
    write: (name, content) => writeInto(path.join(work, name), content),
    get,
    ping,
    instances: async () => (await get<{ instances: InstanceView[] }>('/v1/instances')).instances,
    instance: (app) => one('/v1/instances', app),
    describe: (app) => one('/v1/describe', app),
    why: (app) => one('/v1/why', app),
    http,
    metric: async (name, labels) => seriesValue((await http('/metrics')).body, name, labels),
    log: (app, stream = 'out', id) =>
      readIfThere(path.join(root, 'home/logs', `${app}-${stream}${id === undefined ? '' : `-${id}`}.log`)),
    processes: () => markedProcesses(root).filter(isRunning),
  };
}

/** Without anything of this shell or of the test runner that would change what is tested. */
function baseEnv(root: string): Record<string, string> {
  const dropped = /^(PM2_|PROMVISOR_|VITEST|NODE_OPTIONS$|NODE_ENV$|TEST$|DEV$|MODE$|PROD$|FORCE_COLOR$|npm_)/;
  const kept = Object.entries(process.env).filter(([key]) => !dropped.test(key));
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    HOME: root,
    PROMVISOR_HOME: path.join(root, 'home'),
    PROMVISOR_HTTP_LISTEN: '127.0.0.1:0',
    [MARK]: root,
  };
}

function expectDone(args: readonly string[], result: RunResult): RunResult {
  if (result.code === 0) return result;
  const end = result.code ?? result.signal;
  throw new Error(`promvisor ${args.join(' ')}: expected exit code 0, got ${end}\n${result.stdout}${result.stderr}`);
}

function writeInto(file: string, content: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function seriesValue(body: string, name: string, labels: Readonly<Record<string, string>>): number {
  const parts = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const ofName = body.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const line = ofName.find((text) => parts.every((part) => text.includes(part)));
  return line === undefined ? Number.NaN : Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** `kill` must leave nothing of the test behind, not even what it did not know of. */
async function dispose(home: TestHome, running: Set<RunningCommand>, daemonFails: boolean): Promise<void> {
  const commands = [...running];
  for (const command of commands) command.signal('SIGKILL');
  await Promise.all(commands.map(({ ended }) => ended));
  const killed = await home.run(['kill']);
  const left = home.processes().map((pid) => `${pid} ${commandLine(pid)}`);
  for (const pid of home.processes()) killQuietly(pid);
  await until(() => home.processes().length === 0, { what: `processes of ${home.root} gone` });
  const daemonWords = readIfThere(path.join(home.root, 'home/daemon/stderr.log'));
  rmSync(home.root, { recursive: true, force: true, maxRetries: 5 });
  if (killed.code !== 0)
    throw new Error(`promvisor kill: expected exit code 0, got ${killed.code}\n${killed.stdout}${killed.stderr}`);
  if (left.length > 0)
    throw new Error(`expected no process after "promvisor kill", got ${left.length}:\n${left.join('\n')}`);
  if (daemonWords.trim() !== '' && !daemonFails)
    throw new Error(`expected a daemon that has nothing to complain of, got:\n${daemonWords}`);
}
