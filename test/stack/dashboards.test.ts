import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoad } from '../../bench/lib/load.mjs';
import { openCgroup } from '../../src/os/cgroup.ts';
import { startApps, untilExits } from '../support/apps.ts';
import { panelsOf, readDashboards, selectorsOf, targetsOf } from '../support/dashboards.ts';
import { type LokiDouble, startLoki } from '../support/loki.ts';
import { missingPrograms } from '../support/programs.ts';
import { openHome, type TestHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

interface Series {
  readonly metric: Readonly<Record<string, string>>;
}

/** What is chosen in the variables. */
const CHOSEN = { job: 'promvisor', instance: '.+', namespace: 'default', app: 'shop', instance_id: '.+' };
const SECONDS = { rate_interval: 20, range: 300 };
/** The daemon is in the group of this process. */
const GROUP = openCgroup().read();
const pressures = Object.values(GROUP?.pressureSeconds ?? {}).flatMap((kinds) => Object.values(kinds));
/** Queries that have no series where the kernel does not tell; there they must have none. */
const EMPTY: Readonly<Record<string, boolean>> = {
  'supervisor.json: Memory of the control group A': (GROUP?.memoryBytes ?? null) === null,
  'supervisor.json: Memory of the control group B': (GROUP?.memoryLimitBytes ?? null) === null,
  'supervisor.json: Pressure A': pressures.every((seconds) => seconds === null),
  'supervisor.json: Kills by the kernel A': (GROUP?.oomKills ?? null) === null,
};
const PROGRAMS = fileURLToPath(new URL('../../grafana/run/', import.meta.url));

const ends: (() => Promise<unknown>)[] = [];
const missing = missingPrograms('prometheus');
let prometheus = '';

/** Each query of a panel or of marks, with what a legend or text names of its series. */
const QUERIES = [...readDashboards()].flatMap(([file, dashboard]) => [
  ...panelsOf(dashboard).flatMap((panel) =>
    targetsOf(panel, 'prometheus').map(({ expr, refId, legendFormat = '' }) => ({
      name: `${file}: ${panel.title} ${refId}`,
      expr,
      legend: legendFormat,
    })),
  ),
  ...dashboard.annotations.list.flatMap(({ name, expr, textFormat = '' }) =>
    expr === undefined ? [] : [{ name: `${file}: marks "${name}"`, expr, legend: textFormat }],
  ),
]);
const VARIABLES = [...readDashboards()].flatMap(([file, { templating }]) =>
  templating.list.flatMap(({ name, query }) => {
    const text = typeof query === 'object' ? query.query : undefined;
    return text === undefined ? [] : [{ name: `${file}: $${name}`, query: text, variable: name }];
  }),
);

describe.skipIf(missing.length > 0)('the dashboards at a real Prometheus', () => {
  beforeAll(async () => {
    const loki = await startLoki();
    ends.push(() => loki.kill());
    const { home, close } = openHome({
      PROMVISOR_LOKI_URL: loki.url,
      PROMVISOR_LOKI_TIMEOUT: '1s',
      PROMVISOR_HTTP_LISTEN: `127.0.0.1:${await freePort()}`,
    });
    ends.push(close);
    prometheus = await startPrometheus(home);
    await live(home, loki);
  }, 120_000);

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  }, 120_000);

  test.each(QUERIES.map((query) => [query.name, query] as const))(
    '%s has series, with the labels that its legend names',
    async (name, { expr, legend }) => {
      if (EMPTY[name] === true) return expect(await series(expr), 'thought to be empty here').toEqual([]);
      const found = await until(
        async () => {
          const all = await series(expr);
          return all.length > 0 && all;
        },
        { what: `a series of ${filled(expr)}` },
      );
      for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
        // A fallback of a query may have none; some series must have it.
        expect(
          found.some(({ metric }) => label in metric),
          `${label} in ${JSON.stringify(found)}`,
        ).toBe(true);
      }
    },
  );

  test.each(VARIABLES.map((of) => [of.name, of] as const))('%s has values', async (_, { query, variable }) => {
    const [, selector = ''] = /^label_values\((.*), \w+\)$/.exec(query) ?? [];
    expect(selectorsOf(selector)).toHaveLength(1);
    const found = await ask<Record<string, string>[]>(`/api/v1/series?match[]=${encodeURIComponent(filled(selector))}`);
    expect(
      new Set(found.map(({ metric, ...rest }) => (metric ?? rest)[variable as keyof object])).size,
    ).toBeGreaterThan(0);
  });
});

if (missing.length > 0) {
  test('the dashboards at a real Prometheus', (context) => context.skip(`not on this machine: ${missing.join(', ')}`));
}

/** Everything that the dashboards show happens once. */
async function live(home: TestHome, loki: LokiDouble): Promise<void> {
  const port = await freePort();
  const upstream = createServer((_request, response) => response.end('ok'));
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  ends.push(async () => upstream.close());
  const faults = path.join(home.root, 'faults');
  mkdirSync(faults);
  const shop = {
    name: 'shop',
    script: path.join(PROGRAMS, 'shop.cjs'),
    exec_mode: 'cluster',
    instances: 2,
    max_memory_restart: '500M',
    env: {
      PORT: String(port),
      FAULTS: faults,
      UPSTREAM: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    },
  };
  const worker = { script: path.join(PROGRAMS, 'worker.cjs') };
  const broken = { ...worker, name: 'broken', args: ['exit', '0'], max_restarts: 2, restart_delay: 50 };
  await startApps(home, [shop, { ...broken }]);
  await untilExits(home, { app: 'broken', reason: 'error_code', count: 2 });
  // Two daemons, one after the other, each seen by Prometheus.
  await scraped('process_start_time_seconds{app=""}');
  await home.ok(['kill']);
  await startApps(home, [shop, { ...broken }]);
  for (const route of ['item', 'upstream', 'fail', 'missing', 'work']) {
    const load = startLoad({ url: `http://127.0.0.1:${port}/${route}`, keepAlive: true, perSecond: 10 });
    ends.push(() => load.stop());
  }
  await scraped('promvisor_instance_status{app="broken", status="errored"} == 1');
  await scraped('promvisor_http_server_requests_total{app="shop", status_class="5xx"}');
  loki.mood(() => ({ status: 503 }));
  await scraped('sum(promvisor_loki_batch_retries_total) > 0');
  loki.mood(() => null);
  const [first] = (await home.instances()).filter(({ app }) => app === 'shop');
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await scraped('sum(promvisor_instance_restarts_total{app="shop", reason="signal"}) > 0');
  await home.ok(['reload', 'shop']);
  writeFileSync(path.join(faults, 'cannot-start'), '');
  await home.run(['reload', 'shop']);
  await scraped('promvisor_reloads_total{app="shop", result="aborted"} > 0');
}

function scraped(query: string): Promise<unknown> {
  return until(async () => (await ask<Result>(`/api/v1/query?query=${encodeURIComponent(query)}`)).result.length > 0, {
    what: query,
    timeoutMs: 40_000,
  });
}

interface Result {
  readonly result: readonly Series[];
}

/** Series within the last two minutes. */
async function series(expr: string): Promise<readonly Series[]> {
  const end = Date.now() / 1000;
  const search = new URLSearchParams({
    query: filled(expr),
    start: String(end - SECONDS.range),
    end: String(end),
    step: '1',
  });
  return (await ask<Result>(`/api/v1/query_range?${search}`)).result;
}

/** With values in place of the variables. */
function filled(expr: string): string {
  return Object.entries(CHOSEN).reduce(
    (text, [name, value]) => text.replaceAll(new RegExp(`\\$${name}\\b`, 'g'), value),
    expr.replaceAll('$__rate_interval', `${SECONDS.rate_interval}s`).replaceAll('$__range', `${SECONDS.range}s`),
  );
}

async function ask<T>(route: string): Promise<T> {
  const { status, body } = await askHttp({ address: prometheus, path: route });
  if (status !== 200) throw new Error(`GET ${route}: expected status 200, got ${status}: ${body}`);
  return (JSON.parse(body) as { data: T }).data;
}

async function startPrometheus(home: TestHome): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const target = home.env['PROMVISOR_HTTP_LISTEN'];
  const config = home.write(
    'prometheus.yml',
    `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: promvisor\n    static_configs: [{ targets: ["${target}"] }]\n`,
  );
  const data = path.join(home.root, 'prometheus');
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${address}`];
  const child = spawn('prometheus', args, { stdio: 'ignore' });
  const ended = once(child, 'close');
  ends.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await until(async () => (await askHttp({ address, path: '/-/ready' })).status === 200, {
    what: 'Prometheus ready',
    timeoutMs: 30_000,
  });
  return address;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
