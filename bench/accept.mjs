import { pbkdf2Sync } from 'node:crypto';
import { startFloorCluster } from './lib/floor-cluster.mjs';
import { freePort, untilAnswers } from './lib/ports.mjs';
import { median } from './lib/report.mjs';
import { needsWrk, wrk } from './lib/wrk.mjs';

export const about =
  'how bare node:cluster hands connections to workers (requests/s; p99 in ms; CPU in us a request; share of each worker)';

const BUSY_MS = 5;
const WORKERS = [2, 4];
const SCHEDULES = ['shared', 'round_robin'];

/**
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, seconds: number }} options
 *   seconds: of load for each figure of a round
 */
export async function bench({ scratch, rounds, seconds }) {
  needsWrk();
  const busy = { BUSY_ROUNDS: String(busyRounds()) };
  const loads = [
    { name: 'close', keepAlive: false, env: {} },
    { name: 'keep-alive', keepAlive: true, env: {} },
    { name: `close, ${BUSY_MS} ms of CPU`, keepAlive: false, env: busy },
    { name: `keep-alive, ${BUSY_MS} ms of CPU`, keepAlive: true, env: busy },
  ];
  const cells = loads.flatMap((load) =>
    WORKERS.flatMap((workers) => SCHEDULES.map((schedule) => ({ load, workers, schedule, samples: [] }))),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const cell of cells) cell.samples.push(await once(scratch, cell, seconds));
  }
  return summary(cells, seconds);
}

/** Each time a cluster of its own: how connections that stay are spread is decided anew. */
async function once(scratch, { load, workers, schedule }, seconds) {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}/`;
  const env = { ...load.env, PORT: port, COUNT: 'yes' };
  const cluster = await startFloorCluster(scratch, { schedule, workers, env });
  try {
    await untilAnswers(url);
    const { pids } = cluster;
    await wrk(scratch, { url, keepAlive: load.keepAlive, seconds: 1, pids });
    await cluster.counts();
    const result = await wrk(scratch, { url, keepAlive: load.keepAlive, seconds, pids });
    const counts = await cluster.counts();
    const total = counts.reduce((sum, count) => sum + count, 0);
    return { ...result, shares: counts.map((count) => count / total).sort((a, b) => b - a) };
  } finally {
    await cluster.end();
  }
}

/** As much of a computation as takes so much CPU here; what else the machine does is not counted. */
function busyRounds() {
  const TRIED = 200_000;
  const begin = process.cpuUsage();
  pbkdf2Sync('bench', 'salt', TRIED, 32, 'sha256');
  const { user, system } = process.cpuUsage(begin);
  return Math.round((TRIED * BUSY_MS * 1000) / (user + system));
}

function summary(cells, seconds) {
  return {
    columns: ['', 'workers', 'load', 'requests/s', 'p99', 'CPU', 'errors', 'shares', 'most uneven'],
    rows: cells.map(({ load, workers, schedule, samples }) => {
      const middle = (look) => median(samples.map(look));
      const shares = Array.from({ length: workers }, (_, i) => middle((sample) => sample.shares[i]));
      const widest = Math.max(...samples.map((sample) => sample.shares[0] * workers));
      return [
        schedule,
        String(workers),
        load.name,
        middle((sample) => sample.perSecond),
        middle((sample) => sample.p99Ms),
        middle((sample) => sample.cpuUs),
        String(samples.reduce((sum, { errors }) => sum + errors, 0)),
        shares.map((share) => (share * 100).toFixed(0)).join(':'),
        `${widest.toFixed(2)} x even`,
      ];
    }),
    goals: [],
    notes: [
      `medians of ${cells[0].samples.length} clusters each, ${seconds} s of wrk with 50 connections; shares in percent, busiest worker first`,
      'most uneven: the busiest worker of all clusters of the row',
    ],
  };
}
