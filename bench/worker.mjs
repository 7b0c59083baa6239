import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeEcosystem } from './lib/apps.mjs';
import { startClient } from './lib/client.mjs';
import { until } from './lib/command.mjs';
import { wakeContenders } from './lib/contenders.mjs';
import { freePort } from './lib/ports.mjs';
import { program } from './lib/programs.mjs';
import { goal, median } from './lib/report.mjs';

export const about =
  'kill -9 of a worker of a cluster app of 2 under load, until its replacement listens, beside the start of a bare Node (ms)';

const APP = program('http-stamps.cjs');
const CONNECTIONS = 24;
const LOAD = { concurrency: CONNECTIONS, perSecond: 500, keepAlive: true };
const WARM_UP_REQUESTS = 200;

/** @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, only?: string[] }} options */
export async function bench({ scratch, rounds, only }) {
  const supervisors = await wakeContenders(scratch, only);
  const rows = [];
  try {
    for (const supervisor of supervisors) rows.push(await run(scratch, supervisor, rounds));
  } finally {
    for (const supervisor of supervisors) await supervisor.end();
  }
  return summary(rows, rounds);
}

/** A bare start after each kill, under the same load, so that what else the machine does meets both. */
async function run(scratch, supervisor, rounds) {
  const stamps = createStamps(path.join(scratch.root, `stamps-${supervisor.name}`));
  const port = String(await freePort());
  const env = { PORT: port, STAMPS: stamps.file };
  const app = { name: 'worker', script: APP, exec_mode: 'cluster', instances: 2, env };
  await supervisor.startFile(writeEcosystem(scratch.root, [app]));
  await stamps.ofOthers(new Set(), 2);
  const client = startClient(scratch, { url: `http://127.0.0.1:${port}/`, ...LOAD });
  const replaced = [];
  const bare = [];
  try {
    await client.sent(WARM_UP_REQUESTS);
    for (let round = 0; round < rounds; round += 1) {
      const [victim] = (await supervisor.list()).filter(({ name }) => name === 'worker');
      const known = stamps.pids();
      const killedAt = process.hrtime.bigint();
      process.kill(victim.pid, 'SIGKILL');
      replaced.push(ms((await stamps.ofOthers(known, 1)) - killedAt));
      // The next one is a first crash again.
      await supervisor.cli('reset', 'worker');
      bare.push(await bareStart(scratch, stamps));
    }
    return { name: supervisor.name, replaced, bare, load: await client.stop() };
  } finally {
    client.end();
    await supervisor.deleteAll();
  }
}

async function bareStart(scratch, stamps) {
  const known = stamps.pids();
  const begunAt = process.hrtime.bigint();
  const child = spawn(process.execPath, [APP], { env: { ...scratch.env, STAMPS: stamps.file }, stdio: 'ignore' });
  const elapsed = ms((await stamps.ofOthers(known, 1)) - begunAt);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return elapsed;
}

/** Who listens since when: the apps write it into a file. */
function createStamps(file) {
  const read = () =>
    (existsSync(file) ? readFileSync(file, 'latin1') : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '));
  return {
    file,
    pids: () => new Set(read().map(([pid]) => pid)),
    /** Waits for processes that are not known, and gives the time of the last of them. */
    async ofOthers(known, count) {
      const found = await until(
        () => {
          const others = read().filter(([pid]) => !known.has(pid));
          return others.length >= count && others;
        },
        { what: 'a new process listens', timeoutMs: 20_000, everyMs: 5 },
      );
      return BigInt(found[count - 1][1]);
    },
  };
}

function ms(ns) {
  return Number(ns) / 1e6;
}

function summary(rows, rounds) {
  const ours = rows.find(({ name }) => name === 'promvisor');
  const ratio = ({ replaced, bare }) => median(replaced) / median(bare);
  const perKill = ({ load }) => load.failed / rounds;
  return {
    columns: ['', 'replaced', 'bare start', 'ratio', 'requests', 'failed a kill'],
    rows: rows.map((row) => [
      row.name,
      median(row.replaced),
      median(row.bare),
      ratio(row),
      String(row.load.requests),
      perKill(row),
    ]),
    goals:
      ours === undefined
        ? []
        : [
            goal('replaced / bare start', ratio(ours), 1.5),
            // Half of the connections are of the other worker, or more, as sharing is not even.
            goal('requests that fail at a kill', perKill(ours), CONNECTIONS),
          ],
    notes: [`${CONNECTIONS} connections, ${LOAD.perSecond} requests/s; a request fails when its worker is killed`],
  };
}
