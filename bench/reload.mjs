import { writeEcosystem } from './lib/apps.mjs';
import { startClient } from './lib/client.mjs';
import { takesPart, wakeContenders } from './lib/contenders.mjs';
import { startFloorCluster } from './lib/floor-cluster.mjs';
import { freePort, untilAnswers } from './lib/ports.mjs';
import { program } from './lib/programs.mjs';
import { goal, goalAtLeast, median } from './lib/report.mjs';

export const about = 'reloads of a cluster app of 2 under load (requests; reload: ms of wall, of the command)';

const INSTANCES = 2;
/** What one answer takes, so that some are always under way, as in any real app. */
const THINK_MS = '5';
/** Far below what two cores can answer: a failure is then the fault of the reload. */
const LOAD = { concurrency: 24, perSecond: 1_500 };
const WARM_UP_REQUESTS = 500;
const FEWEST_REQUESTS = 10_000;
const KINDS = ['refused', 'reset', 'wrong', 'hung', 'other'];

const CASES = [
  { name: 'keep-alive, handler', keepAlive: true, env: { HANDLER: 'sigint' } },
  { name: 'keep-alive, no handler', keepAlive: true, env: {} },
  { name: 'close, handler', keepAlive: false, env: { HANDLER: 'sigint' } },
  { name: 'close, no handler', keepAlive: false, env: {} },
];

/**
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, only?: string[] }} options
 *   rounds: reloads of each case
 */
export async function bench({ scratch, rounds, only }) {
  const supervisors = await wakeContenders(scratch, only);
  const runs = [];
  try {
    for (const [i, one] of CASES.entries()) {
      const starts = supervisors.map((supervisor) => [supervisor.name, (env) => startApp(scratch, supervisor, i, env)]);
      if (takesPart('floor', only)) starts.unshift(['floor', (env) => startFloor(scratch, env)]);
      for (const [name, start] of starts) runs.push(await run(name, { scratch, start, rounds, one }));
    }
  } finally {
    for (const supervisor of supervisors) await supervisor.end();
  }
  return summary(runs, rounds);
}

async function run(name, { scratch, start, rounds, one }) {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}/`;
  const app = await start({ PORT: port, THINK_MS, ...one.env });
  const reloads = { wallMs: [], failed: 0 };
  let client;
  try {
    await untilAnswers(url);
    client = startClient(scratch, { url, keepAlive: one.keepAlive, ...LOAD });
    await client.sent(WARM_UP_REQUESTS);
    for (let round = 0; round < rounds; round += 1) {
      const { replaced, wallMs } = await app.reload();
      reloads.wallMs.push(wallMs);
      if (!replaced) reloads.failed += 1;
      // Reloads that are quick are spread over the requests that are wanted.
      await client.sent(WARM_UP_REQUESTS + (FEWEST_REQUESTS / rounds) * (round + 1));
    }
    return { name, one, reloads, load: await client.stop() };
  } finally {
    client?.end();
    await app.end();
  }
}

async function startApp(scratch, supervisor, i, env) {
  const name = `reload-${i}`;
  const entry = { name, script: program('http-app.cjs'), exec_mode: 'cluster', instances: INSTANCES, env };
  await supervisor.startFile(writeEcosystem(scratch.root, [entry]));
  return {
    async reload() {
      const before = await online(supervisor);
      const { code, wallMs } = await supervisor.reload(name);
      const after = await online(supervisor);
      const fresh = after.filter((pid) => !before.includes(pid));
      return { replaced: code === 0 && after.length === INSTANCES && fresh.length === INSTANCES, wallMs };
    },
    end: () => supervisor.cli('delete', name),
  };
}

async function online(supervisor) {
  return (await supervisor.list()).filter(({ status }) => status === 'online').map(({ pid }) => pid);
}

async function startFloor(scratch, env) {
  const cluster = await startFloorCluster(scratch, { schedule: 'shared', workers: INSTANCES, env, drain: true });
  return {
    async reload() {
      const begin = performance.now();
      await cluster.reload();
      return { replaced: true, wallMs: performance.now() - begin };
    },
    end: cluster.end,
  };
}

function summary(runs, rounds) {
  const ours = runs.filter(({ name }) => name === 'promvisor');
  return {
    columns: ['', 'case', 'requests', 'failed', ...KINDS, 'reload', 'reloads failed'],
    rows: runs.map(({ name, one, reloads, load }) => [
      name,
      one.name,
      String(load.requests),
      String(load.failed),
      ...KINDS.map((kind) => String(load.kinds[kind])),
      median(reloads.wallMs),
      String(reloads.failed),
    ]),
    goals: ours.flatMap(({ one, reloads, load }) => [
      goal(`failed requests and reloads, ${one.name}`, load.failed + reloads.failed, 0),
      goalAtLeast(`requests, ${one.name}`, load.requests, FEWEST_REQUESTS),
    ]),
    notes: [
      `${rounds} reloads a case, ${LOAD.perSecond} requests/s over up to ${LOAD.concurrency} connections, ${THINK_MS} ms an answer`,
      'reloads failed: the command said so, or not all processes are other ones and online afterwards',
      'hung: no answer within 3 s; reset: the connection ended before the answer was whole',
      'floor: bare node:cluster with a shared socket, a drain of 30 lines, no command',
    ],
  };
}
