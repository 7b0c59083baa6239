import { spawnSync } from 'node:child_process';
import { runOk } from './command.mjs';
import { cpuMs } from './proc.mjs';

const THREADS = 1;
const CONNECTIONS = 50;
const MILLISECONDS = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };

/**
 * @throws Error that tells how to get wrk, where it is missing
 */
export function needsWrk() {
  if (spawnSync('wrk', ['--version']).error !== undefined)
    throw new Error('wrk: expected this load generator on PATH; Debian and Ubuntu have it: apt-get install wrk');
}

/**
 * Keeps a process on one core, where there is taskset(1).
 * @param {number} pid with all its threads
 * @param {number} core
 */
export function pin(pid, core) {
  spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]);
}

/**
 * Loads a server as much as it takes.
 * @param {ReturnType<typeof import('./scratch.mjs').createScratch>} scratch
 * @param {{ url: string, keepAlive: boolean, seconds: number, pids: readonly number[], core?: number }} options pids: of all
 *   processes that have a part in the answers; core: where wrk is to run, anywhere when left out
 * @returns {Promise<{ perSecond: number, p99Ms: number, errors: number, cpuUs: number }>} cpuUs: CPU of those processes
 *   for one request, which tells more than requests a second where the machine has other work too
 */
export async function wrk(scratch, { url, keepAlive, seconds, pids, core }) {
  const header = keepAlive ? [] : ['-H', 'Connection: close'];
  const onCore = core === undefined || !hasTaskset() ? [] : ['taskset', '-c', String(core)];
  const argv = [...onCore, 'wrk', `-t${THREADS}`, `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', ...header, url];
  const used = () => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const before = used();
  const { stdout } = await runOk(argv, { env: scratch.env, cwd: scratch.root });
  const { requests, ...result } = readWrk(stdout);
  return { ...result, cpuUs: ((used() - before) * 1000) / requests };
}

function hasTaskset() {
  return spawnSync('taskset', ['--version']).error === undefined;
}

function readWrk(text) {
  const [, p99, unit] = /^\s+99%\s+([\d.]+)(us|ms|s|m) *$/m.exec(text) ?? [];
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  const statuses = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0';
  return {
    requests: Number(/^\s+(\d+) requests in /m.exec(text)?.[1]),
    perSecond: Number(/^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1]),
    p99Ms: Number(p99) * MILLISECONDS[unit],
    errors: [...sockets, statuses].reduce((sum, count) => sum + Number(count), 0),
  };
}
