import http from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { appOf, startApps } from '../support/apps.ts';
import { needsPrograms } from '../support/programs.ts';
import { freePort, type PrometheusServer, startPrometheus } from '../support/prometheus-server.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const INSTANCES = 4;
/** Of each of the two apps; PROMVISOR_TEST_DEATHS=100 takes a minute more. */
const DEATHS = Math.ceil(Number(process.env['PROMVISOR_TEST_DEATHS'] ?? 10) / 2);
/** So long a worker serves before it is ended: twice what may be lost of it. */
const SERVES_MS = 2_000;
const CLIENTS = 2;
const STABLE_MS = 4_000;
const TEST_MS = 240_000;

interface Answered {
  readonly pid: number;
  readonly atMs: number;
}

/** An app under load, and what its clients have seen of it. */
interface Loaded {
  readonly app: string;
  readonly port: number;
  readonly signal: 'SIGTERM' | 'SIGKILL';
  readonly answered: Answered[];
  /** Workers that were ended, and may take a while. */
  readonly ended: Set<number>;
  /** How many answers may be missing: those of the second before each death. */
  excused: number;
}

/** Asks again and again, each time on a connection of its own. */
function startClients(loaded: Loaded): () => Promise<void> {
  let going = true;
  const client = async () => {
    while (going) await ask(loaded);
  };
  const clients = Array.from({ length: CLIENTS }, client);
  const stop = async () => {
    going = false;
    await Promise.all(clients);
  };
  onTestFinished(stop);
  return stop;
}

/** What is not answered in full does not count. */
async function ask({ port, answered }: Loaded): Promise<void> {
  const pid = await askOnce(port);
  if (pid !== null) answered.push({ pid, atMs: performance.now() });
}

function askOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(response.complete ? Number(body) : null));
      response.on('error', () => resolve(null));
    });
    request.on('error', () => resolve(null));
  });
}

/** Ends the worker that has served longest, once it has long enough. */
async function killOne(home: TestHome, loaded: Loaded): Promise<void> {
  const { app, answered, ended, signal } = loaded;
  const served = ({ pid }: { pid: number | null }) => answered.find((one) => one.pid === pid)?.atMs ?? Infinity;
  const serving = await until(
    async () => {
      const instances = (await home.instances()).filter((one) => one.app === app && !ended.has(one.pid ?? 0));
      const [oldest] = instances.sort((one, other) => served(one) - served(other));
      return oldest !== undefined && performance.now() - served(oldest) > SERVES_MS && oldest;
    },
    { what: `${app}: a worker that has served for ${SERVES_MS} ms` },
  );
  const pid = serving.pid ?? 0;
  ended.add(pid);
  process.kill(pid, signal);
  const nowMs = performance.now();
  // What was on its way counts too.
  const late = (one: Answered) => one.pid === pid && one.atMs > nowMs - 1_000;
  loaded.excused += answered.filter(late).length;
}

const COUNTERS = {
  app: (app: string) => `answered_total{app="${app}",route="all"}`,
  http: (app: string) => `promvisor_http_server_requests_total{app="${app}",method="GET",status_class="2xx"}`,
};

/** How far a counter has come in Prometheus, over all its series, and how often one of them fell. */
async function seenOf(prometheus: PrometheusServer, selector: string) {
  let counted = 0;
  let falls = 0;
  for (const { values } of await prometheus.samples(selector)) {
    const numbers = values.map(([, value]) => Number(value));
    counted += numbers.at(-1) ?? 0;
    falls += numbers.filter((value, at) => value < (numbers[at - 1] ?? 0)).length;
  }
  return { counted, falls };
}

async function seenOfBoth(prometheus: PrometheusServer, apps: readonly Loaded[]) {
  const seen = apps.map(async ({ app }) => ({
    app: await seenOf(prometheus, COUNTERS.app(app)),
    http: await seenOf(prometheus, COUNTERS.http(app)),
  }));
  return Promise.all(seen);
}

/** Starts both apps and waits until Prometheus has a sample of each series, so that it sees all growth from then on. */
async function startBoth(home: TestHome) {
  const kinds = [
    { app: 'graceful', signal: 'SIGTERM' },
    { app: 'killed', signal: 'SIGKILL' },
  ] as const;
  const apps = await Promise.all(
    kinds.map(async (kind) => ({
      ...kind,
      port: await freePort(),
      answered: [],
      ended: new Set<number>(),
      excused: 0,
    })),
  );
  const keys = { exec_mode: 'cluster', instances: INSTANCES, max_restarts: 10_000, restart_delay: 1_000 };
  await startApps(
    home,
    apps.map(({ app, port }) => {
      return appOf(app, 'counts-requests.cjs', { ...keys, args: [app], env: { PORT: String(port) } });
    }),
  );
  const prometheus = await startPrometheus(home);
  for (const loaded of apps satisfies readonly Loaded[]) {
    const pids = new Set<number>();
    await until(
      async () => {
        await ask(loaded);
        for (const { pid } of loaded.answered as readonly Answered[]) pids.add(pid);
        return pids.size === INSTANCES;
      },
      { what: `${loaded.app}: an answer of each worker` },
    );
    const series = async (kind: keyof typeof COUNTERS) => (await prometheus.samples(COUNTERS[kind](loaded.app))).length;
    await until(async () => (await series('http')) === INSTANCES && (await series('app')) === 1, {
      what: `${loaded.app}: its series in Prometheus`,
      timeoutMs: 30_000,
    });
  }
  return { apps: apps as readonly Loaded[], prometheus };
}

describe('deaths under load', () => {
  test(
    `${2 * DEATHS} of them, half by SIGTERM, half by SIGKILL: no counter falls, and none loses more than a last second`,
    async (context) => {
      needsPrograms(context, 'prometheus');
      const home = testHome();
      const { apps, prometheus } = await startBoth(home);
      const loads = apps.map(startClients);
      for (let at = 0; at < DEATHS; at++) await Promise.all(apps.map((loaded) => killOne(home, loaded)));
      await Promise.all(loads.map((stop) => stop()));
      const seen = await untilStable(() => seenOfBoth(prometheus, apps));
      for (const [at, { app, signal, answered, excused }] of apps.entries()) {
        for (const kind of ['app', 'http'] as const) {
          const { counted = 0, falls } = seen[at]?.[kind] ?? {};
          const missed = answered.length - counted;
          console.log(
            `${signal}, ${kind} counter: ${answered.length} answered, ${missed} missed, ${excused} in last seconds`,
          );
          expect({ app, kind, falls }).toEqual({ app, kind, falls: 0 });
          expect(missed).toBeLessThanOrEqual(signal === 'SIGTERM' ? 0 : excused);
          // A killed worker may have counted an answer that nobody got.
          expect(missed).toBeGreaterThanOrEqual(signal === 'SIGTERM' ? 0 : -CLIENTS * DEATHS);
        }
        const exits = { app, reason: signal === 'SIGTERM' ? 'clean' : 'signal' };
        expect(await home.metric('promvisor_instance_exits_total', exits)).toBeGreaterThan(0);
      }
    },
    TEST_MS,
  );
});

/** Waits until Prometheus has scraped several times without a change. */
async function untilStable<T>(look: () => Promise<T>): Promise<Exclude<T, false | null | undefined | '' | 0>> {
  let last = '';
  let sinceMs = performance.now();
  return until(
    async () => {
      const found = await look();
      const text = JSON.stringify(found);
      if (text !== last) sinceMs = performance.now();
      last = text;
      return performance.now() - sinceMs > STABLE_MS ? found : null;
    },
    { what: 'counters at rest in Prometheus', timeoutMs: 60_000 },
  );
}
