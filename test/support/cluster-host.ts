import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { HostFact, HostSchedule, WorkerKey } from '../../src/base/host-protocol.ts';
import { createJsonLineReader } from '../../src/base/json-lines.ts';
import type { HostClient, HostForkRequest, HostHandlers, HostLoss } from '../../src/os/host-client.ts';
import { type HostStart, startHost } from '../../src/os/host-start.ts';
import { makeFifos, openForReading } from '../../src/os/pipes.ts';
import { isRunning, killQuietly } from './processes.ts';
import { until } from './until.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Path of a program of test/fixtures. */
export const fixture = (name: string) => path.join(ROOT, 'test/fixtures', name);

/** A host that runs, all that it told, and what is needed to give it workers. */
export interface TestedHost {
  readonly folder: string;
  readonly socket: string;
  client: HostClient;
  readonly facts: HostFact[];
  /** What workers have sent while it was listened. */
  readonly messages: unknown[];
  readonly losses: HostLoss[];
  readonly handlers: HostHandlers;
  fork(request: Partial<HostForkRequest> & WorkerKey): Promise<TestedWorker>;
  /** stderr of the host. */
  log(): string;
}

export interface TestedWorker {
  /** The first fact of a type, when it comes. */
  fact<T extends HostFact['type']>(type: T): Promise<Extract<HostFact, { type: T }>>;
  pid(): Promise<number>;
  /** What it has written. */
  output(stream?: 'stdout' | 'stderr'): string;
  /** A line of its stdout, when it comes. */
  line(start: string): Promise<string>;
}

/**
 * Bundles the host as the build does.
 * @returns path of the program, and what takes it away
 */
export function buildHost(): { program: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'promvisor-host-'));
  const program = path.join(folder, 'host.cjs');
  const entry = path.join(ROOT, 'src/host/main.ts');
  buildSync({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
  });
  return { program, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Starts a host that ends with the running test, its workers too.
 * @param program path of host.cjs
 * @param options what differs from a shared socket and the Node of the test
 * @returns the host
 */
export async function testHost(
  program: string,
  options: Partial<Pick<HostStart, 'interpreter' | 'env'>> & { schedule?: HostSchedule } = {},
): Promise<TestedHost> {
  const folder = mkdtempSync(path.join(tmpdir(), 'promvisor-host-'));
  const socket = path.join(folder, 'host.sock');
  const log = path.join(folder, 'host.log');
  const facts: HostFact[] = [];
  const losses: HostLoss[] = [];
  const messages: unknown[] = [];
  const handlers = {
    onFact: (fact: HostFact) => facts.push(fact),
    onMessage: ({ id }: WorkerKey, message: unknown) => messages.push([id, message]),
    onLost: (loss: HostLoss) => losses.push(loss),
  };
  const { schedule = 'shared', interpreter = process.execPath, env = {} } = options;
  const logFd = openSync(log, 'a');
  const setup = { socket, schedule };
  const start = { interpreter, program, setup, cwd: folder, env, logFd };
  const client = await startHost(start, handlers).finally(() => closeSync(logFd));
  const host: TestedHost = {
    folder,
    socket,
    client,
    facts,
    messages,
    losses,
    handlers,
    fork: (request) => forkWorker(host, request),
    log: () => readFileSync(log, 'utf8'),
  };
  onTestFinished(async () => {
    host.client.kill();
    host.client.close();
    const pids = facts.flatMap((fact) => (fact.type === 'forked' ? [fact.pid] : []));
    const gone = facts.flatMap((fact) => (fact.type === 'exited' ? [`${fact.id} ${fact.generation}`] : []));
    // Without its host a worker ends by itself; one that was still loading is helped.
    for (const fact of facts)
      if (fact.type === 'forked' && !gone.includes(`${fact.id} ${fact.generation}`)) killQuietly(fact.pid);
    await until(() => ![client.identity.pid, ...pids].some(isRunning), { what: 'host and workers gone' });
    rmSync(folder, { recursive: true, force: true });
  });
  return host;
}

async function forkWorker(host: TestedHost, request: Partial<HostForkRequest> & WorkerKey): Promise<TestedWorker> {
  const { id, generation } = request;
  const pipe = (stream: string) => path.join(host.folder, `${id}-${generation}.${stream}`);
  const pipes = { stdout: pipe('stdout'), stderr: pipe('stderr') };
  await makeFifos(Object.values(pipes));
  const streams = { stdout: reader(pipes.stdout), stderr: reader(pipes.stderr) };
  const parts = {
    script: fixture('waits.cjs'),
    args: [],
    execArgv: [],
    cwd: host.folder,
    env: {},
    uid: null,
    gid: null,
  };
  host.client.fork({ ...parts, ...pipes, ...request });

  const fact: TestedWorker['fact'] = (type) =>
    until(
      () => host.facts.find((one) => one.id === id && one.generation === generation && one.type === type) as never,
      { what: `fact "${type}" of worker ${id}` },
    );
  return {
    fact,
    pid: async () => (await fact('forked')).pid,
    output: (stream = 'stdout') => streams[stream](),
    line: (start) =>
      until(
        () =>
          streams
            .stdout()
            .split('\n')
            .slice(0, -1)
            .find((line) => line.startsWith(start)),
        {
          what: `a line "${start}" of worker ${id}`,
        },
      ),
  };
}

/** Reads a named pipe as far as it is filled, each time. */
function reader(file: string): () => string {
  const fd = openForReading(file);
  onTestFinished(() => closeSync(fd));
  const buffer = Buffer.alloc(65_536);
  let text = '';
  return () => {
    try {
      for (let got = readSync(fd, buffer); got > 0; got = readSync(fd, buffer)) text += buffer.toString('utf8', 0, got);
    } catch {
      // EAGAIN: it is empty now.
    }
    return text;
  };
}

/** A client that says what it likes and acknowledges nothing by itself. */
export interface RawClient {
  readonly socket: Socket;
  readonly received: { readonly type: string; readonly seq?: number; readonly fact?: HostFact }[];
  say(text: string | object): void;
  /** Resolves when the host has hung up. */
  readonly closed: Promise<void>;
}

/**
 * Connects to a host without the product's client.
 * @param socketPath of the host
 * @returns the connection, which ends with the test
 */
export function rawClient(socketPath: string): RawClient {
  const socket = connect(socketPath);
  const received: RawClient['received'] = [];
  const read = createJsonLineReader(1_000_000);
  socket.on('data', (chunk) => received.push(...(read(chunk).values as RawClient['received'])));
  socket.on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  return {
    socket,
    received,
    say: (text) => socket.write(typeof text === 'string' ? text : `${JSON.stringify(text)}\n`),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  };
}

/**
 * Writes a program into the host's folder.
 * @param host whose folder
 * @param name of the file
 * @param text the program
 * @returns its path
 */
export function program(host: TestedHost, name: string, text: string): string {
  const file = path.join(host.folder, name);
  writeFileSync(file, text);
  return file;
}
