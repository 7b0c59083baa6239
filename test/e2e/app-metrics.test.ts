import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { freePort } from '../support/prometheus-server.ts';
import { readExposition } from '../support/prometheus-text.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

const HTTP_COUNTER = 'promvisor_http_server_requests_total';
const ANSWERED = { method: 'GET', status_class: '2xx' };

/** Starts an app that counts its requests, and asks it. */
async function startCounting(home: TestHome, instances: number) {
  const port = await freePort();
  const keys = { exec_mode: 'cluster', instances, env: { PORT: String(port) } };
  await startApps(home, [appOf('api', 'counts-requests.cjs', keys)]);
  const address = `127.0.0.1:${port}`;
  const byPid = new Map<string, number>();
  const ask = async () => {
    const { body } = await askHttp({ address, path: '/' });
    byPid.set(body, (byPid.get(body) ?? 0) + 1);
    return body;
  };
  await until(async () => (await ask()) !== '' && byPid.size === instances, { what: 'an answer of each instance' });
  const asked = () => [...byPid.values()].reduce((sum, count) => sum + count, 0);
  return { byPid, ask, asked };
}

async function appPage(home: TestHome, query = '') {
  const { status, body, headers } = await home.http(`/metrics/apps/api${query}`);
  return { status, headers, body, answered: status === 200 ? readExposition(body).value('answered_total') : undefined };
}

describe('a scrape', () => {
  test('is neither delayed nor spoiled by a worker that is stopped', async () => {
    const home = testHome();
    const { byPid, asked } = await startCounting(home, 3);
    expect((await appPage(home)).answered).toBe(asked());
    await home.http('/metrics');
    const [stopped] = await home.instances();
    process.kill(stopped?.pid ?? 0, 'SIGSTOP');
    const I = { app: 'api', instance_id: String(stopped?.slot) };
    // Answers of the second before may be shared.
    const page = await until(
      async () => {
        const beganMs = performance.now();
        const exposed = readExposition((await home.http('/metrics')).body);
        const tookMs = performance.now() - beganMs;
        return exposed.value('promvisor_agent_up', I) === 0 && { ...exposed, tookMs };
      },
      { what: 'a scrape that names the stopped one' },
    );
    expect(page.tookMs).toBeLessThan(1_000);
    const up = page.series.filter(({ name }) => name === 'promvisor_agent_up').map(({ value }) => value);
    expect(up.sort()).toEqual([0, 1, 1]);
    expect(page.value('promvisor_agent_timeouts_total', { app: 'api' })).toBeGreaterThan(0);
    for (const { pid, slot } of await home.instances()) {
      const labels = { ...ANSWERED, instance_id: String(slot) };
      expect(page.value(HTTP_COUNTER, labels)).toBe(byPid.get(String(pid)));
    }
    expect((await appPage(home)).answered).toBe(asked());
    process.kill(stopped?.pid ?? 0, 'SIGCONT');
    await until(async () => (await home.metric('promvisor_agent_up', I)) === 1, { what: 'it answers again' });
  });

  test('counts itself', async () => {
    const home = testHome();
    await startCounting(home, 1);
    const { body } = await home.http('/metrics');
    const { value } = readExposition((await home.http('/metrics')).body);
    expect(value('promvisor_scrape_duration_seconds_count', { page: 'metrics' })).toBe(1);
    expect(value('promvisor_scrape_size_bytes', { page: 'metrics' })).toBe(Buffer.byteLength(body));
    expect(value('promvisor_scrape_series', { page: 'metrics' })).toBe(readExposition(body).series.length);
  });
});

describe('metrics of an app', () => {
  test('go on over a restart, a reload, a SIGKILL and a smaller scale, and go with the app', async () => {
    const home = testHome();
    const { asked, ask } = await startCounting(home, 2);
    const counted = async () => {
      const page = readExposition((await home.http('/metrics')).body);
      const rows = page.series.filter(({ name, labels }) => name === HTTP_COUNTER && labels['status_class'] === '2xx');
      return [(await appPage(home)).answered, rows.reduce((sum, { value }) => sum + value, 0)];
    };
    await until(async () => (await counted()).every((count) => count === asked()), { what: 'all counted' });
    await home.ok(['reload', 'api']);
    await ask();
    await until(async () => (await counted()).every((count) => count === asked()), {
      what: 'all counted after reload',
    });
    const [first] = await home.instances();
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await until(
      async () => (await home.instances()).every(({ status, pid }) => status === 'running' && pid !== first?.pid),
      {
        what: 'another in its place',
      },
    );
    await ask();
    await until(async () => (await counted()).every((count) => count === asked()), {
      what: 'all counted after a kill',
    });
    await home.ok(['scale', 'api', '1']);
    expect((await appPage(home)).answered).toBe(asked());
    const left = () => readdirSync(path.join(home.root, 'home/run')).filter((name) => /^agent-.*\.[ab]$/.test(name));
    await home.ok(['delete', 'api']);
    expect(left()).toEqual([]);
    const gone = await appPage(home);
    expect(gone.status).toBe(404);
    expect(gone.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(gone.body)).toMatchObject({ code: 'NOT_FOUND', detail: 'no app "api"' });
  });

  test('of several apps have nothing to do with each other, and /sd names those that have some', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('api', 'measures-thing.cjs', { args: ['counter', '3'] }),
      appOf('my app', 'measures-thing.cjs', { args: ['gauge', '5'], namespace: 'other' }),
      appOf('bare', 'waits.cjs'),
      appOf('shell', 'waits.sh'),
    ]);
    for (const app of ['api', 'my app', 'bare']) await untilStatus(home, app, 'running');
    expect(
      (await until(async () => (await appPage(home)).body.includes('thing 3') && appPage(home), { what: 'page' })).body,
    ).toBe('# HELP thing A thing.\n# TYPE thing counter\nthing 3\n');
    const other = async () =>
      (await home.http('/metrics/apps/my%20app')).body.includes('# TYPE thing gauge\nthing 5\n');
    await until(other, { what: 'the page of the other app' });
    for (const app of ['bare', 'shell']) {
      const { status, body } = await home.http(`/metrics/apps/${app}`);
      expect([status, readExposition(body.replace(/^# The.*\n/, '')).series]).toEqual([200, []]);
    }
    const address = (await home.ping()).http.address ?? '';
    const listed = async (host: string) => {
      const { headers, body } = await askHttp({ address, path: '/sd', headers: { Host: host } });
      expect(headers['content-type']).toMatch(/^application\/json(;|$)/);
      return JSON.parse(body);
    };
    await until(async () => (await listed('a')).length === 2, { what: 'both in /sd' });
    expect(await listed('metrics.example:81')).toEqual([
      {
        targets: ['metrics.example:81'],
        labels: {
          __metrics_path__: '/metrics/apps/api',
          __param_namespace: 'default',
          app: 'api',
          namespace: 'default',
        },
      },
      {
        targets: ['metrics.example:81'],
        labels: {
          __metrics_path__: '/metrics/apps/my app',
          __param_namespace: 'other',
          app: 'my app',
          namespace: 'other',
        },
      },
    ]);
    expect((await listed('no host"'))[0].targets).toEqual([address]);
  });

  test('are asked for by namespace where a name is not enough', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('api', 'measures-thing.cjs', { args: ['gauge', '1'], namespace: 'one' }),
      appOf('api', 'measures-thing.cjs', { args: ['gauge', '2'], namespace: 'two' }),
    ]);
    const { status, body } = await appPage(home);
    expect([status, JSON.parse(body).detail]).toEqual([
      400,
      'app "api": expected ?namespace= with one of one, two, as several apps have this name',
    ]);
    await until(async () => (await appPage(home, '?namespace=two')).body.includes('thing 2\n'), { what: 'the second' });
    const byInstance = await appPage(home, '?namespace=one&by=instance');
    expect(byInstance.body).toContain('thing{instance_id="0"} 1\n');
    expect((await appPage(home, '?namespace=one&by=pid')).status).toBe(400);
  });
});
