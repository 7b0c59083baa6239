import { chmodSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { HTTP, LISTEN, serve } from '../support/agent-servers.ts';
import {
  askMetrics,
  askTelemetry,
  countsOf,
  newestSnapshot,
  snapshotFiles,
  valuesOf,
} from '../support/agent-telemetry.ts';
import { keptConnection } from '../support/http-client.ts';
import { until } from '../support/until.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

const CLIENT = createRequire(import.meta.url).resolve('prom-client');
const OWN = `
  const prom = require(${JSON.stringify(CLIENT)});
  const jobs = new prom.Counter({ name: 'jobs_total', help: 'x' });
`;
/** Answers, and dies as its first argument says when it is asked to. */
const SERVER = (end: string) => `
  ${OWN}
  const handler = (request, response) => {
    jobs.inc();
    response.end('ok');
    if (request.url === '/last') response.on('finish', () => { ${end} });
  };
  ${HTTP} ${LISTEN}
`;

async function answered(port: number, count: number): Promise<void> {
  const client = keptConnection(port);
  for (let i = 0; i < count; i++) await client.get('/now');
}

const kept = (folder: string) => {
  const snapshot = newestSnapshot(folder);
  return [countsOf(snapshot?.counters.httpServer ?? []), valuesOf(snapshot?.families ?? [], 'jobs_total')];
};

test('what a killed process has counted is in a file within a second', async () => {
  const bench = await agentBench(agent);
  const { app, port } = await serve(bench, SERVER(''));
  await answered(port, 5);
  const beganMs = performance.now();
  const isThere = () => countsOf(newestSnapshot(bench.folder)?.counters.httpServer ?? [])['GET 2xx'] === 5;
  await until(isThere, { what: 'five requests in a snapshot' });
  expect(performance.now() - beganMs).toBeLessThan(3_000);
  app.child.kill('SIGKILL');
  await app.ended;
  expect(kept(bench.folder)).toEqual([{ 'GET 2xx': 5 }, { jobs_total: 5 }]);
});

describe('the last request before an end is kept', () => {
  test.each([
    ['process.exit()', 'process.exit();', 0],
    ['process.exit() in a listener for exit', 'process.on("exit", () => process.exit(3)); process.exit();', 3],
    ['an error nobody catches', 'throw new Error("that was it");', 1],
    ['a rejection nobody handles', 'Promise.reject(new Error("that was it"));', 1],
    ['nothing left to do', 'server.close(); server.closeAllConnections(); process.disconnect();', 0],
  ])('%s', async (_name, end, code) => {
    const bench = await agentBench(agent);
    const { app, port } = await serve(bench, `process.on('message', () => {}); ${SERVER(end)}`);
    await answered(port, 2);
    await keptConnection(port)
      .get('/last')
      .catch(() => null);
    expect((await app.ended).code).toBe(code);
    expect(kept(bench.folder)).toEqual([{ 'GET 2xx': 3 }, { jobs_total: 3 }]);
  });

  test('a drain, then a signal without a handler', async () => {
    const bench = await agentBench(agent);
    const { app, port } = await serve(bench, SERVER(''));
    await answered(port, 3);
    bench.daemon.say({ type: 'drain', graceMs: 0, deadlineMs: 20_000 });
    await bench.daemon.untilHeard('drained');
    app.child.kill('SIGTERM');
    expect((await app.ended).signal).toBe('SIGTERM');
    expect(kept(bench.folder)).toEqual([{ 'GET 2xx': 3 }, { jobs_total: 3 }]);
  });
});

test('a job that ends before anybody has asked leaves its own counters', async () => {
  const bench = await agentBench(agent);
  const source = `${OWN} jobs.inc(4); new prom.Histogram({ name: 'size', help: 'x', buckets: [1, 2] }).observe(1.5);
    new prom.Summary({ name: 'wait', help: 'x' }).observe(4); new prom.Gauge({ name: 'queue', help: 'x' }).set(1);
    prom.register.setDefaultLabels({ zone: 'a' });`;
  expect(await bench.start(`${source} process.disconnect();`).ended).toMatchObject({ code: 0, stderr: '' });
  const families = newestSnapshot(bench.folder)?.families ?? [];
  expect(families.map(({ name, type, aggregator }) => [name, type, aggregator])).toEqual([
    ['jobs_total', 'counter', 'sum'],
    ['size', 'histogram', 'sum'],
    ['wait', 'summary', 'sum'],
  ]);
  expect(valuesOf(families, 'jobs_total')).toEqual({ 'jobs_total zone=a': 4 });
  expect(valuesOf(families, 'size')).toEqual({
    'size_bucket le=1 zone=a': 0,
    'size_bucket le=2 zone=a': 1,
    'size_bucket le=+Inf zone=a': 1,
    'size_sum zone=a': 1.5,
    'size_count zone=a': 1,
  });
  expect(valuesOf(families, 'wait')).toEqual({ 'wait_sum zone=a': 4, 'wait_count zone=a': 1 });
});

test('series as @prometheus-io/client keeps them are read as well', async () => {
  const bench = await agentBench(agent);
  const source = `
    const labels = { kind: 'mail' };
    const store = (...values) => ({ values: () => values.values() });
    const metrics = [
      { name: 'jobs_total', type: 'counter', store: store({ labels, value: 4 }) },
      { name: 'size', type: 'histogram', upperBounds: [1], store: store({ labels, sum: 3, count: 2, bucketValues: { 1: 1 } }) },
      { name: 'wait', type: 'summary', store: store({ labels, value: { labels, sum: 5, count: 1 } }) },
    ];
    const registry = { getMetricsAsJSON: async () => [], getMetricsAsArray: () => metrics, _defaultLabels: {} };
    globalThis[Symbol.for('promvisor.registries')] = new Set([registry]);
    process.disconnect();
  `;
  await bench.start(source).ended;
  const families = newestSnapshot(bench.folder)?.families ?? [];
  expect(families.map(({ name }) => valuesOf(families, name))).toEqual([
    { 'jobs_total kind=mail': 4 },
    {
      'size_bucket kind=mail le=1': 1,
      'size_bucket kind=mail le=+Inf': 2,
      'size_sum kind=mail': 3,
      'size_count kind=mail': 2,
    },
    { 'wait_sum kind=mail': 5, 'wait_count kind=mail': 1 },
  ]);
});

test('an app without requests whose own counters are read has them in files soon after they have grown', async () => {
  const bench = await agentBench(agent);
  const app = bench.start(`${OWN} process.on('message', () => {
    jobs.inc();
    const end = Date.now() + 5;
    while (Date.now() < end);
  });`);
  await bench.daemon.untilHeard('hello');
  await askMetrics(bench);
  app.child.send('work');
  await until(() => valuesOf(newestSnapshot(bench.folder)?.families ?? [], 'jobs_total')['jobs_total'] === 1, {
    what: 'the job in a snapshot',
  });
  app.child.kill('SIGKILL');
});

test('what an answer has shown is in a file, as it may be the last', async () => {
  const bench = await agentBench(agent);
  bench.start('setInterval(() => {}, 100)');
  const { counters, taken } = await askTelemetry(bench);
  const written = await until(() => newestSnapshot(bench.folder), { what: 'a snapshot' });
  expect(written.taken).toBeGreaterThan(taken);
  expect(written.counters.cpuUserSeconds).toBeGreaterThanOrEqual(counters.cpuUserSeconds);
});

test('an idle app that nobody asks writes nothing', async () => {
  const bench = await agentBench(agent);
  const app = bench.start('setInterval(() => {}, 100); process.on("message", () => process.send("is alive"))');
  await bench.daemon.untilHeard('hello');
  await new Promise((resolve) => app.child.once('message', resolve) && app.child.send('well?'));
  expect(snapshotFiles(bench.folder)).toEqual([]);
});

test('numbers of snapshots and answers grow together', async () => {
  const bench = await agentBench(agent);
  const { port } = await serve(bench, SERVER(''));
  const first = await askTelemetry(bench);
  await answered(port, 1);
  const written = await until(() => newestSnapshot(bench.folder), { what: 'a snapshot' });
  expect(written.taken).toBeGreaterThan(first.taken);
  expect((await askMetrics(bench)).taken).toBeGreaterThan(written.taken);
});

const isRoot = process.getuid?.() === 0;
const folders: readonly (readonly [string, (folder: string) => string])[] = [
  ['that is not there', (folder) => folder],
  ['that is a file’s', (folder) => path.join(folder, 'app-0.cjs')],
  // Nothing is shut to root.
  ...(isRoot ? [] : [['that cannot be written to', shut] as const]),
];
test.each(folders)('with a folder %s the app lives and dies as ever', async (_name, folderOf) => {
  const bench = await agentBench(agent);
  const snapshot = path.join(folderOf(bench.folder), 'missing/snapshot');
  const variable = JSON.stringify({ ...JSON.parse(bench.variable), snapshot });
  const app = bench.start(SERVER('process.exit(5);'), { variable });
  const port = Number(await app.untilSays('port'));
  await answered(port, 3);
  await askTelemetry(bench);
  await keptConnection(port)
    .get('/last')
    .catch(() => null);
  expect(await app.ended).toMatchObject({ code: 5, stderr: '' });
});

function shut(folder: string): string {
  const place = path.join(folder, 'shut');
  mkdirSync(path.join(place, 'missing'), { recursive: true });
  chmodSync(path.join(place, 'missing'), 0o500);
  return place;
}
