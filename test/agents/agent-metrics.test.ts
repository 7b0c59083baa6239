import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AgentBench, agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { askMetrics, askTelemetry, valuesOf } from '../support/agent-telemetry.ts';
import { testFolder } from '../support/instance-logs.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

const CLIENT = createRequire(import.meta.url).resolve('prom-client');
const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const KEEP = 'setInterval(() => {}, 1000); console.log("is ready");';
const COUNTS = `
  new prom.Counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['kind'] }).inc({ kind: 'mail' }, 3);
  new prom.Gauge({ name: 'queue', help: 'Length.', aggregator: 'max' }).set(NaN);
`;

async function startReady(bench: AgentBench, source: string, options: Parameters<AgentBench['start']>[1] = {}) {
  const app = bench.start(source + KEEP, options);
  await app.untilSays('is');
  return app;
}

describe('the default registry of prom-client', () => {
  test.each([
    ['cjs', `const prom = require(${JSON.stringify(CLIENT)});`],
    ['mjs', `import prom from ${JSON.stringify(pathToFileURL(CLIENT).href)};`],
  ] as const)('is found without code in a %s app', async (kind, load) => {
    const bench = await agentBench(agent);
    await startReady(bench, load + COUNTS, { kind });
    expect((await askTelemetry(bench)).ownMetrics).toBe(true);
    const { families, problem } = await askMetrics(bench);
    expect(problem).toBe(null);
    expect(families).toEqual([
      {
        name: 'jobs_total',
        help: 'Jobs.',
        type: 'counter',
        aggregator: 'sum',
        values: [{ value: 3, labels: { kind: 'mail' } }],
      },
      { name: 'queue', help: 'Length.', type: 'gauge', aggregator: 'max', values: [{ value: null, labels: {} }] },
    ]);
  });

  test('is found when it is loaded after a question', async () => {
    const bench = await agentBench(agent);
    const app = await startReady(
      bench,
      `process.on('message', () => { const prom = require(${JSON.stringify(CLIENT)}); ${COUNTS} console.log('has metrics'); });`,
    );
    expect(await askMetrics(bench)).toMatchObject({ families: [], problem: null });
    expect((await askTelemetry(bench)).ownMetrics).toBe(false);
    app.child.send('load');
    await app.untilSays('has');
    expect(valuesOf((await askMetrics(bench)).families, 'jobs_total')).toEqual({ 'jobs_total kind=mail': 3 });
  });

  test('is given with its default labels and series of histograms and summaries', async () => {
    const bench = await agentBench(agent);
    await startReady(
      bench,
      `const prom = require(${JSON.stringify(CLIENT)});
       prom.register.setDefaultLabels({ zone: 'a' });
       new prom.Histogram({ name: 'size', help: 'x', buckets: [1, 2] }).observe(1.5);
       new prom.Summary({ name: 'wait', help: 'x', percentiles: [0.5] }).observe(4);`,
    );
    const { families } = await askMetrics(bench);
    expect(valuesOf(families, 'size')).toEqual({
      'size_bucket le=1 zone=a': 0,
      'size_bucket le=2 zone=a': 1,
      'size_bucket le=+Inf zone=a': 1,
      'size_sum zone=a': 1.5,
      'size_count zone=a': 1,
    });
    expect(valuesOf(families, 'wait')).toEqual({
      'wait quantile=0.5 zone=a': 4,
      'wait_sum zone=a': 4,
      'wait_count zone=a': 1,
    });
  });
});

test.each([
  ['throws', "throw new Error('no database')", 'bad: no database'],
  ['rejects', "return Promise.reject(new Error('no database'))", 'bad: no database'],
  ['hangs', 'return new Promise(() => {})', 'bad: collect(): expected an end within 100 ms'],
])('a collect() that %s loses its own metric and no other', async (_name, body, problem) => {
  const bench = await agentBench(agent);
  const app = await startReady(
    bench,
    `const prom = require(${JSON.stringify(CLIENT)}); ${COUNTS}
     prom.register.setDefaultLabels({ zone: 'a' });
     new prom.Gauge({ name: 'bad', help: 'x', collect() { ${body} } });
     process.on('message', () => process.exit());`,
  );
  const answer = await askMetrics(bench);
  expect(answer.families?.map(({ name }) => name)).toEqual(['jobs_total', 'queue']);
  expect(valuesOf(answer.families, 'jobs_total')).toEqual({ 'jobs_total kind=mail zone=a': 3 });
  expect(answer.problem).toBe(problem);
  app.child.send('end');
  expect(await app.ended).toMatchObject({ code: 0, stderr: '' });
});

describe('long answers', () => {
  const many = (series: number) => `
    const prom = require(${JSON.stringify(CLIENT)});
    const many = new prom.Counter({ name: 'many_total', help: 'x', labelNames: ['of'] });
    for (let i = 0; i < ${series}; i++) many.inc({ of: 'x'.repeat(90) + i });
  `;
  test('of a megabyte arrive whole', async () => {
    const bench = await agentBench(agent);
    await startReady(bench, many(10_000));
    expect((await askMetrics(bench)).families?.[0]?.values).toHaveLength(10_000);
    await askTelemetry(bench);
    expect(bench.daemon.connections()).toBe(1);
  });
  test('above the limit are told as too long', async () => {
    const bench = await agentBench(agent);
    await startReady(bench, many(80_000));
    expect(await askMetrics(bench)).toMatchObject({ families: null, problem: 'too_long' });
  });
});

describe('expose() of promvisor/metrics', () => {
  /** As the package has it. */
  async function bundled(folder: string): Promise<string> {
    const outfile = path.join(folder, 'metrics.cjs');
    const entryPoints = ['src/app/metrics.ts'];
    await build({ absWorkingDir: ROOT, entryPoints, bundle: true, platform: 'node', format: 'cjs', outfile });
    return outfile;
  }

  test('shows registries of the app’s own, before those that are found, until they are taken back', async () => {
    const bench = await agentBench(agent);
    const app = await startReady(
      bench,
      `const { expose } = require(${JSON.stringify(await bundled(bench.folder))});
       const prom = require(${JSON.stringify(CLIENT)}); ${COUNTS}
       const own = new prom.Registry();
       new prom.Counter({ name: 'own_total', help: 'x', registers: [own] }).inc(2);
       new prom.Counter({ name: 'jobs_total', help: 'x', registers: [own] }).inc(9);
       const takeBack = expose(own);
       expose(own);
       process.on('message', () => { takeBack(); console.log('took it'); });`,
    );
    const { families } = await askMetrics(bench);
    expect(families?.map(({ name }) => name)).toEqual(['own_total', 'jobs_total', 'queue']);
    expect(valuesOf(families, 'own_total')).toEqual({ own_total: 2 });
    expect(valuesOf(families, 'jobs_total')).toEqual({ jobs_total: 9 });
    app.child.send('take back');
    await app.untilSays('took');
    expect((await askMetrics(bench)).families?.map(({ name }) => name)).toEqual(['jobs_total', 'queue']);
  });

  test('works in an app that is one bundle, where nothing can be found', async () => {
    const bench = await agentBench(agent);
    const contents = `
      const { expose } = require(${JSON.stringify(path.join(ROOT, 'src/app/metrics.ts'))});
      const prom = require('prom-client'); ${COUNTS}
      expose(prom.register);
    `;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: ROOT },
      bundle: true,
      platform: 'node',
      write: false,
    });
    await startReady(bench, outputFiles[0]?.text ?? '');
    expect(valuesOf((await askMetrics(bench)).families, 'jobs_total')).toEqual({ 'jobs_total kind=mail': 3 });
  });

  test('does nothing without promvisor, and refuses what is no registry', async () => {
    const file = await bundled(testFolder());
    const source = `
      const { expose } = require(${JSON.stringify(file)});
      expose({ getMetricsAsJSON() {} })();
      try { expose({}); } catch (error) { console.log(error.name, error.message); }
    `;
    expect(spawnSync(process.execPath, ['-e', source]).stdout.toString()).toBe(
      'TypeError expose: expected a registry with getMetricsAsJSON(), got object\n',
    );
  });
});
