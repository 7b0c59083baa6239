import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeEcosystem } from './lib/apps.mjs';
import { takesPart, wakeContenders } from './lib/contenders.mjs';
import { startFloorCluster } from './lib/floor-cluster.mjs';
import { freePort, untilAnswers } from './lib/ports.mjs';
import { parentOf } from './lib/proc.mjs';
import { program } from './lib/programs.mjs';
import { goalAtLeast, median } from './lib/report.mjs';
import { needsWrk, wrk } from './lib/wrk.mjs';

export const about = 'throughput of an HTTP app of 2 instances (requests/s; p99 in ms; CPU in us a request)';

const INSTANCES = 2;
const APP = program('http-app.cjs');
const MODES = [
  { name: 'close', keepAlive: false },
  { name: 'keep-alive', keepAlive: true },
];
const GOALS = { close: 1.8, 'keep-alive': 1 };

/**
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, seconds: number, only?: string[] }} options
 *   seconds: of load for each figure of a round
 */
export async function bench({ scratch, rounds, seconds, only }) {
  needsWrk();
  const supervisors = await wakeContenders(scratch, only);
  const targets = [];
  const samples = [];
  try {
    // All of them run the whole time; only one is loaded at a time.
    if (takesPart('floor', only)) await startFloors(scratch, targets);
    for (const supervisor of supervisors) await startApps(scratch, supervisor, targets);
    for (const { url } of targets) await untilAnswers(url);
    for (let round = 0; round < rounds; round += 1) {
      for (const mode of MODES) {
        for (let turn = 0; turn < targets.length; turn += 1) {
          const { name, url, pids } = targets[(round + turn) % targets.length];
          const result = await wrk(scratch, { url, keepAlive: mode.keepAlive, seconds, pids });
          samples.push({ name, mode: mode.name, ...result });
        }
      }
    }
  } finally {
    for (const { end } of targets) await end?.();
    for (const supervisor of supervisors) await supervisor.end();
  }
  return summary(targets, samples);
}

async function startFloors(scratch, targets) {
  const single = await place();
  const child = spawn(process.execPath, [APP], { env: { ...scratch.env, ...single.env }, stdio: 'ignore' });
  targets.push({
    name: 'one process',
    url: single.url,
    pids: [child.pid],
    async end() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  });
  for (const schedule of ['shared', 'round_robin']) {
    const { url, env } = await place();
    const { end, pids } = await startFloorCluster(scratch, { schedule, workers: INSTANCES, env });
    targets.push({ name: `node:cluster ${schedule}`, url, pids, end });
  }
}

async function startApps(scratch, supervisor, targets) {
  const schedules = supervisor.name === 'promvisor' ? ['shared', 'round_robin'] : [undefined];
  for (const schedule of schedules) {
    const { url, env } = await place();
    const name = schedule ?? 'app';
    const entry = { name, script: APP, exec_mode: 'cluster', instances: INSTANCES, env, schedule };
    await supervisor.startFile(writeEcosystem(scratch.root, [entry]));
    const workers = (await supervisor.list()).filter((one) => one.name === name).map(({ pid }) => pid);
    targets.push({
      name: schedule === undefined ? supervisor.name : `${supervisor.name} ${schedule}`,
      url,
      // Who hands the connections out: PM2's daemon, promvisor's host.
      pids: [...workers, ...new Set(workers.map(parentOf))],
    });
  }
}

async function place() {
  const port = String(await freePort());
  return { url: `http://127.0.0.1:${port}/`, env: { PORT: port } };
}

function summary(targets, samples) {
  const of = (name, mode) => samples.filter((one) => one.name === name && one.mode === mode);
  const middle = (name, mode, key) => median(of(name, mode).map((one) => one[key]));
  const speed = (name, mode) => middle(name, mode, 'perSecond');
  const complete = ['promvisor shared', 'pm2'].every((wanted) => targets.some(({ name }) => name === wanted));
  return {
    columns: ['', 'load', 'requests/s', 'p99', 'CPU', 'errors', '/ pm2', 'CPU / pm2'],
    rows: MODES.flatMap(({ name: mode }) =>
      targets.map(({ name }) => [
        name,
        mode,
        speed(name, mode),
        middle(name, mode, 'p99Ms'),
        middle(name, mode, 'cpuUs'),
        String(of(name, mode).reduce((sum, { errors }) => sum + errors, 0)),
        speed(name, mode) / speed('pm2', mode),
        middle(name, mode, 'cpuUs') / middle('pm2', mode, 'cpuUs'),
      ]),
    ),
    goals: complete
      ? MODES.map(({ name: mode }) =>
          goalAtLeast(`requests/s, ${mode}, / pm2`, speed('promvisor shared', mode) / speed('pm2', mode), GOALS[mode]),
        )
      : [],
    notes: ['wrk with 50 connections, which takes a share of the machine; close: a connection for each request'],
  };
}
