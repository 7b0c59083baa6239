import { writeEcosystem } from './lib/apps.mjs';
import { freePort, untilAnswers } from './lib/ports.mjs';
import { program } from './lib/programs.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal, median } from './lib/report.mjs';
import { needsWrk, pin, wrk } from './lib/wrk.mjs';

export const about =
  'a hello-world server under load with telemetry, scraped each second, beside one without agent (requests/s; CPU in us a request)';

const SCRAPE_EVERY_MS = 1_000;
/** V8 goes on compiling for some seconds: until then a server is a fifth slower, or more. */
const WARM_UP_S = 6;
const ways = [
  { name: 'no agent', keys: { agent: false } },
  // What two servers differ by that are the same: no other difference means more than this one.
  { name: 'no agent, again', keys: { agent: false } },
  { name: 'agent, telemetry off', keys: { telemetry: false } },
  { name: 'agent, telemetry on', keys: {} },
];

/** Of their own, so that what the scheduler does with both is the same for all. */
const SERVER_CORE = 0;
const LOAD_CORE = 1;
/** Short, so that what the machine does otherwise hits all alike. */
const TURN_S = 1;

/**
 * Each round restarts the servers: two processes of one program may differ by some percent as long as they live, by how
 * V8 has compiled them. Within a round they are loaded in turn, a second each, there and back again, so that none has a
 * better place or a better moment.
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, seconds: number }} options
 *   seconds: of load for each server of a round
 */
export async function bench({ scratch, rounds, seconds }) {
  needsWrk();
  const promvisor = createPromvisor(scratch);
  await promvisor.wake();
  const stopScraping = scrapeSteadily(await promvisor.httpAddress());
  try {
    const servers = await startServers(scratch, promvisor);
    for (let round = 0; round < rounds; round += 1) {
      for (const server of servers) {
        await restart(promvisor, server);
        await load(scratch, server, WARM_UP_S);
      }
      for (const server of servers) server.turns = [];
      for (let turn = 0; turn < seconds / TURN_S; turn += 1) {
        for (const server of inOrder(servers, { round, turn })) server.turns.push(await load(scratch, server, TURN_S));
      }
      for (const server of servers) server.samples.push(sampleOf(server.turns));
    }
    return summary(servers, { rounds, seconds, scrapes: stopScraping() });
  } finally {
    stopScraping();
    await promvisor.end();
  }
}

/** Beginning with another one each round, and back again every other turn. */
function inOrder(servers, { round, turn }) {
  const first = round % servers.length;
  const order = [...servers.slice(first), ...servers.slice(0, first)];
  return turn % 2 === 0 ? order : order.reverse();
}

/** One figure of a round: medians leave out the turns that the machine spoilt. */
function sampleOf(turns) {
  const middle = (read) => median(turns.map(read));
  return {
    perSecond: middle(({ perSecond }) => perSecond),
    cpuUs: middle(({ cpuUs }) => cpuUs),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    errors: turns.reduce((sum, { errors }) => sum + errors, 0),
  };
}

async function startServers(scratch, promvisor) {
  const ports = [];
  for (const _ of ways) ports.push(await freePort());
  const script = program('http-app.cjs');
  const entries = ways.map(({ keys }, i) => ({
    name: `server-${i}`,
    script,
    env: { PORT: String(ports[i]) },
    ...keys,
  }));
  await promvisor.startFile(writeEcosystem(scratch.root, entries));
  return ways.map(({ name }, i) => ({
    name,
    app: `server-${i}`,
    url: `http://127.0.0.1:${ports[i]}/`,
    pids: [],
    samples: [],
  }));
}

/** Right before its load: V8 tidies up a process that has waited for some seconds, and what it compiles then is slower. */
async function restart(promvisor, server) {
  await promvisor.cli('restart', server.app);
  const { pid } = (await promvisor.list()).find(({ name }) => name === server.app);
  server.pids = [pid];
  pin(pid, SERVER_CORE);
  await untilAnswers(server.url);
}

function load(scratch, { url, pids }, seconds) {
  return wrk(scratch, { url, keepAlive: true, seconds, pids, core: LOAD_CORE });
}

/** @returns {() => number} stops it, and tells how many scrapes there were */
function scrapeSteadily(address) {
  let scrapes = 0;
  const timer = setInterval(async () => {
    const answer = await fetch(`http://${address}/metrics`).catch(() => null);
    await answer?.text();
    scrapes += 1;
  }, SCRAPE_EVERY_MS);
  return () => {
    clearInterval(timer);
    return scrapes;
  };
}

function summary(servers, { rounds, seconds, scrapes }) {
  const [bare] = servers;
  const lost = (server) =>
    median(server.samples.map(({ perSecond }, i) => (1 - perSecond / bare.samples[i].perSecond) * 100));
  const dearer = (server) => median(server.samples.map(({ cpuUs }, i) => (cpuUs / bare.samples[i].cpuUs - 1) * 100));
  const rows = servers.map((server) => [
    server.name,
    median(server.samples.map(({ perSecond }) => perSecond)),
    median(server.samples.map(({ cpuUs }) => cpuUs)),
    median(server.samples.map(({ p99Ms }) => p99Ms)),
    `${dearer(server).toFixed(1)} %`,
    `${lost(server).toFixed(1)} %`,
    String(server.samples.reduce((sum, { errors }) => sum + errors, 0)),
  ]);
  return {
    columns: ['', 'requests/s', 'CPU', 'p99 ms', 'more CPU', 'fewer requests/s', 'errors'],
    rows,
    goals: [goal('requests/s lost by telemetry, %', lost(servers.at(-1)), 3)],
    notes: [
      `medians of ${rounds} rounds of ${seconds} turns of 1 s of wrk, with 50 connections that stay; "more" and "fewer" are medians over rounds`,
      `${scrapes} scrapes of /metrics meanwhile`,
    ],
  };
}
