import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DAEMON_ENV, DAEMON_NODE_FLAGS } from '../base/daemon-flags.ts';
import { messageOf, PromvisorError } from '../base/errors.ts';
import { makeHome } from '../base/home.ts';
import type { Home } from '../base/paths.ts';
import { type Client, createClient } from './client.ts';
import type { PingView } from './contract.ts';
import { startUnit } from './unit-start.ts';

export interface ConnectOptions {
  readonly home: Home;
  /** Program of the daemon, a file for Node. */
  readonly daemonFile: string;
  /** The environment of the command. */
  readonly env: NodeJS.ProcessEnv;
}

export interface Connection {
  readonly client: Client;
  readonly ping: PingView;
  /** True when this call started the daemon. */
  readonly started: boolean;
}

const START_DEADLINE_MS = 15_000;
const RETRY_MS = 15;
const PING_SILENCE_MS = 2_000;
/** After losing the race for the lock: how long the winner may take before we try again ourselves. */
const WINNER_PATIENCE_MS = 2_000;
/** sysexits(3) EX_TEMPFAIL: the daemon found another one holding the lock. */
const LOST_RACE_CODES: readonly (number | null)[] = [0, 75];
const STDERR_TAIL_LINES = 6;

/**
 * Connects to the daemon of a home and starts it if there is none. Any number of commands may do so at once: the
 * daemon holds a lock, the losers' daemons end and every command waits for the winner's answer.
 * @param options home, program of the daemon and environment
 * @returns the client, and the verified answer
 * @throws PromvisorError HOME_UNUSABLE, DAEMON_START_FAILED with the last lines of its stderr
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const client = createClient(options.home.socket);
  const ping = await tryPing(client);
  if (ping !== null) return { client, ping, started: false };
  makeHome(options.home);
  if (await startUnit(options.home, options.env)) {
    const answered = await waitForUnit(client);
    if (answered !== null) return answered;
  }
  return startAndWait(options, client);
}

/**
 * Asks whether a daemon is there, and starts none.
 * @param home whose daemon
 * @returns a client of the one that answered, null where none does, or where that cannot be told: `connect` tells why
 */
export async function findDaemon({ socket }: Pick<Home, 'socket'>): Promise<Client | null> {
  const client = createClient(socket);
  try {
    return (await tryPing(client)) === null ? null : client;
  } catch {
    return null;
  }
}

async function tryPing(client: Client): Promise<PingView | null> {
  try {
    return await client.ping(PING_SILENCE_MS);
  } catch (error) {
    // A daemon on its way out or in may hang up or refuse: both mean "not yet".
    if (error instanceof PromvisorError && ABSENT_CODES.has(error.code)) return null;
    throw error;
  }
}

/** The daemon of a unit that systemd starts; null when it does not come. */
async function waitForUnit(client: Client): Promise<Connection | null> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    const ping = await tryPing(client);
    if (ping !== null) return { client, ping, started: true };
    await delay(RETRY_MS);
  }
  return null;
}

const ABSENT_CODES: ReadonlySet<string> = new Set(['NO_DAEMON', 'PROTOCOL', 'TIMED_OUT', 'SHUTTING_DOWN']);

async function startAndWait(options: ConnectOptions, client: Client): Promise<Connection> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  let launch = launchDaemon(options);
  while (performance.now() < deadlineMs) {
    const ping = await tryPing(client);
    if (ping !== null) return { client, ping, started: ping.pid === launch.child.pid };
    const end = launch.end();
    if (end !== null && !LOST_RACE_CODES.includes(end.code)) throw startFailed(options, launch, end.text);
    if (end !== null && performance.now() - end.atMs > WINNER_PATIENCE_MS) launch = launchDaemon(options);
    await delay(RETRY_MS);
  }
  throw startFailed(options, launch, `it gave no answer in ${START_DEADLINE_MS / 1000} s`);
}

interface Launch {
  readonly child: ChildProcess;
  /** Bytes of the stderr file that were there before. */
  readonly stderrFrom: number;
  /** How the child ended, null while it runs. */
  end(): { readonly code: number | null; readonly text: string; readonly atMs: number } | null;
}

function launchDaemon({ home, daemonFile, env }: ConnectOptions): Launch {
  const stderr = openSync(home.daemonStderrFile, 'a', 0o600);
  try {
    const stderrFrom = fstatSync(stderr).size;
    const child = spawn(process.execPath, [...DAEMON_NODE_FLAGS, daemonFile], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', stderr],
      env: daemonEnv(env, home),
    });
    let end: ReturnType<Launch['end']> = null;
    child.on('error', (error) => {
      end = { code: null, text: messageOf(error), atMs: performance.now() };
    });
    child.on('exit', (code, signal) => {
      const text = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
      end = { code: signal === null ? code : null, text, atMs: performance.now() };
    });
    child.unref();
    return { child, stderrFrom, end: () => end };
  } finally {
    closeSync(stderr);
  }
}

/** The daemon lives on after this shell: what configures Node for one command is not for it. */
function daemonEnv(env: NodeJS.ProcessEnv, home: Home): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...rest } = env;
  return { ...rest, ...DAEMON_ENV, PROMVISOR_HOME: home.root };
}

function startFailed({ home }: ConnectOptions, launch: Launch, reason: string): PromvisorError {
  const lines = stderrSince(home.daemonStderrFile, launch.stderrFrom);
  const tail = lines.map((line) => `\n  ${line}`).join('');
  return new PromvisorError('DAEMON_START_FAILED', `the daemon could not be started: ${reason}${tail}`, {
    details: { stderrFile: home.daemonStderrFile, lines },
  });
}

function stderrSince(file: string, from: number): string[] {
  try {
    const lines = readFileSync(file).subarray(from).toString('utf8').split('\n');
    // The frames of a stack say less than the error above them.
    return lines.filter((line) => line.trim() !== '' && !/^\s+at /.test(line)).slice(-STDERR_TAIL_LINES);
  } catch {
    return [];
  }
}
