import { spawn } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
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

const IDLE_NODE_APP = fileURLToPath(new URL('programs/idle-server.cjs', import.meta.url));
/** What the first goals are for. */
const FEW = 100;

/**
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, apps: number,
 *   program: 'sleep' | 'node' | 'awake', only?: readonly string[] }} options
 */
export async function bench({ scratch, rounds, apps, program, only }) {
  const takesPart = (name) => only === undefined || only.includes(name);
  const pm2 = takesPart('pm2') ? await createPm2(scratch) : null;
  const promvisor = createPromvisor(scratch);
  const contenders = pm2 === null ? [promvisor] : [pm2, promvisor];
  const notes = [];
  let exporter;
  try {
    const file = writeEcosystem(scratch.root, program === 'sleep' ? sleepers(apps) : nodeApps(apps, program));
    for (const contender of contenders) {
      await contender.wake();
      await contender.startFile(file);
    }
    const url = `http://${await promvisor.httpAddress()}/metrics`;
    const pids = [promvisor.daemonPid()];
    const targets = [
      { name: 'promvisor', url, pids, headers: {} },
      { name: 'promvisor, gzip', url, pids, headers: { 'Accept-Encoding': 'gzip' } },
    ];
    if (pm2 !== null)
      exporter = await startExporter(pm2).catch((error) => void notes.push(`no exporter for PM2: ${error.message}`));
    if (exporter !== undefined) {
      const pm2Pids = [pm2.daemonPid(), exporter.child.pid];
      targets.unshift({ name: 'pm2 + exporter', url: exporter.url, pids: pm2Pids, headers: {} });
    }
    return summary(await scrapeAll(targets, rounds), { apps, program }, notes);
  } finally {
    exporter?.child.kill('SIGKILL');
    for (const contender of contenders) await contender.end();
  }
}

async function scrapeAll(targets, rounds) {
  const results = targets.map((target) => ({ ...target, latencyMs: [], cpuMs: [], series: 0, bytes: 0 }));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const result of results) {
      const before = total(result.pids);
      const { elapsedMs, body, bytes } = await get(result.url, result.headers);
      // What an answer sets off after its last byte belongs to it.
      await pause(round < 0 ? 0 : APART_MS);
      if (round < 0) continue;
      result.latencyMs.push(elapsedMs);
      result.cpuMs.push(total(result.pids) - before);
      result.bytes = bytes;
      result.series = body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    }
  }
  return results;
}

function total(pids) {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}

function get(url, headers = {}) {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, timeout: 10_000, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const elapsedMs = performance.now() - begin;
        const sent = Buffer.concat(chunks);
        const plain = response.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
        resolve({ elapsedMs, bytes: sent.length, body: plain.toString() });
      });
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

/** An idle process is not asked again by each scrape; one that is awake has run meanwhile, and is. */
function nodeApps(count, program) {
  const env = program === 'awake' ? { WAKES_EVERY_MS: '100' } : {};
  return Array.from({ length: count }, (_, i) => ({
    name: `node-${i}`,
    script: IDLE_NODE_APP,
    exec_mode: 'fork',
    env,
  }));
}

/** A thousand have to work; how fast is not promised. */
function goalsOf(apps) {
  if (apps > 300) return [];
  const [latencyMs, cpu] = apps > FEW ? [60, 50] : [20, 15];
  return [
    ['latency, ms', latencyMs, 'latencyMs'],
    ['CPU of the daemon, ms', cpu, 'cpuMs'],
  ];
}

function summary(results, { apps, program }, notes) {
  const ours = results.find(({ name }) => name === 'promvisor');
  return {
    columns: [
      `${apps} ${{ sleep: 'apps', node: 'idle Node apps', awake: 'Node apps, awake' }[program]}`,
      'latency',
      'p95',
      'CPU',
      'series',
      'kB',
      'processes',
    ],
    rows: results.map(({ name, latencyMs, cpuMs: cpu, series, bytes, pids }) => [
      name,
      median(latencyMs),
      quantile(latencyMs, 0.95),
      median(cpu),
      String(series),
      bytes / 1024,
      String(pids.length),
    ]),
    goals: goalsOf(apps).map(([what, limit, key]) => goal(what, median(ours[key]), limit)),
    notes,
  };
}
