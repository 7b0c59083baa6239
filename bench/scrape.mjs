import { spawn } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { sleepers, writeEcosystem } from './lib/apps.mjs';
import { pause, until } from './lib/command.mjs';
import { createPm2, findExporter } from './lib/pm2.mjs';
import { freePort } from './lib/ports.mjs';
import { cpuMs } from './lib/proc.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal, median, quantile } from './lib/report.mjs';

export const about = 'one scrape of /metrics (ms; CPU of every process that answers it)';

/** As often as it takes for no answer to come from a cache of one second. */
const APART_MS = 1_100;
const WARM_UP = 10;
const EXPORTER = fileURLToPath(new URL('programs/exporter.cjs', import.meta.url));

/** @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, apps: number }} options */
export async function bench({ scratch, rounds, apps }) {
  const pm2 = await createPm2(scratch);
  const promvisor = createPromvisor(scratch);
  const notes = [];
  let exporter;
  try {
    const file = writeEcosystem(scratch.root, sleepers(apps));
    for (const contender of [pm2, promvisor]) {
      await contender.wake();
      await contender.startFile(file);
    }
    const targets = [
      { name: 'promvisor', url: `http://${await promvisor.httpAddress()}/metrics`, pids: [promvisor.daemonPid()] },
    ];
    exporter = await startExporter(pm2).catch((error) => void notes.push(`no exporter for PM2: ${error.message}`));
    if (exporter !== undefined) {
      targets.unshift({ name: 'pm2 + exporter', url: exporter.url, pids: [pm2.daemonPid(), exporter.child.pid] });
    }
    return summary(await scrapeAll(targets, rounds), apps, notes);
  } finally {
    exporter?.child.kill('SIGKILL');
    for (const contender of [pm2, promvisor]) await contender.end();
  }
}

async function scrapeAll(targets, rounds) {
  const results = targets.map((target) => ({ ...target, latencyMs: [], cpuMs: [], series: 0, bytes: 0 }));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const result of results) {
      const before = total(result.pids);
      const { elapsedMs, body } = await get(result.url);
      // What an answer sets off after its last byte belongs to it.
      await pause(round < 0 ? 0 : APART_MS / results.length);
      if (round < 0) continue;
      result.latencyMs.push(elapsedMs);
      result.cpuMs.push(total(result.pids) - before);
      result.bytes = body.length;
      result.series = body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    }
  }
  return results;
}

function total(pids) {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}

function get(url) {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, timeout: 10_000 }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ elapsedMs: performance.now() - begin, body: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`${url}: no answer within 10 s`)));
    request.on('error', reject);
  });
}

async function startExporter(pm2) {
  const file = await findExporter();
  const port = await freePort();
  const child = spawn(process.execPath, [EXPORTER, String(port), file], { env: pm2.env, stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}/metrics`;
  const answers = () =>
    get(url)
      .then(({ body }) => body.includes('pm2_up'))
      .catch(() => false);
  await until(answers, { what: 'answer of the exporter', timeoutMs: 20_000, everyMs: 200 }).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return { child, url };
}

function summary(results, apps, notes) {
  const ours = results.find(({ name }) => name === 'promvisor');
  return {
    columns: [`${apps} apps`, 'latency', 'p95', 'CPU', 'series', 'kB', 'processes'],
    rows: results.map(({ name, latencyMs, cpuMs: cpu, series, bytes, pids }) => [
      name,
      median(latencyMs),
      quantile(latencyMs, 0.95),
      median(cpu),
      String(series),
      bytes / 1024,
      String(pids.length),
    ]),
    goals: [goal('latency, ms', median(ours.latencyMs), 20), goal('CPU of the daemon, ms', median(ours.cpuMs), 15)],
    notes,
  };
}
