import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appOf, startApps } from '../support/apps.ts';
import { type ComposeStack, findCompose, startStack } from '../support/compose.ts';
import {
  COMPOSE_FILE,
  composeFile,
  dashboardProviders,
  dashboardUids,
  datasources,
  ROOT,
} from '../support/compose-file.ts';
import { type Engine, openEngine, pullImages } from '../support/engine.ts';
import { queryPrometheus } from '../support/prometheus-api.ts';
import { prometheusFolder } from '../support/prometheus-folder.ts';
import { shipsThroughTwoDeaths } from '../support/real-loki.ts';
import { openHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

const NO_COMPOSE = 'not on this machine: docker compose, docker-compose';
/** What a new Grafana has. */
const GRAFANA_ADMIN = `Basic ${Buffer.from('admin:admin').toString('base64')}`;

describe('docker-compose.test.yml', () => {
  test('is taken by compose', async (context) => {
    const compose = await findCompose();
    if (compose === undefined) return context.skip(NO_COMPOSE);
    const [program, ...args] = compose.words;
    const { status, stdout, stderr } = spawnSync(program, [...args, '-f', COMPOSE_FILE, 'config'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const { image } of Object.values(composeFile().services)) expect(stdout).toContain(`image: ${image}\n`);
  });

  test("has the services and folders that Grafana's provisioning names", () => {
    const { services } = composeFile();
    const hosts = datasources().map(({ url }) => new URL(url).hostname);
    expect(hosts.length).toBeGreaterThanOrEqual(2);
    expect(Object.keys(services)).toEqual(expect.arrayContaining(hosts));
    const mounted = (services['grafana']?.volumes ?? []).map((volume) => volume.split(':')[1]);
    expect(mounted).toContain('/etc/grafana/provisioning');
    const folders = dashboardProviders().map(({ options }) => options.path);
    expect(mounted).toEqual(expect.arrayContaining(folders));
  });
});

describe('public images with our provisioning', () => {
  let missing: string | undefined;
  let engine: Engine = { kind: 'none', reason: 'not looked for yet' };
  let stack: ComposeStack | undefined;
  const { home, close: closeHome } = openHome({ PROMVISOR_HTTP_LISTEN: ':0' });

  beforeAll(async () => {
    engine = await openEngine();
    const program = await findCompose();
    if (engine.kind === 'none') missing = engine.reason;
    else if (program === undefined) missing = NO_COMPOSE;
    else missing = await pullImages(Object.values(composeFile().services).map(({ image }) => image));
    if (missing !== undefined || program === undefined) return;
    await startApps(home, [appOf('api', 'waits.cjs')]);
    stack = await startStack(program, await prometheusFolder(home));
  }, 1_800_000);

  afterAll(async () => {
    try {
      await stack?.close();
    } finally {
      if (engine.kind === 'running') await engine.close();
      await closeHome();
    }
  }, 240_000);

  const address = (service: string) => stack?.address(service) ?? '';

  test('Prometheus scrapes a promvisor on the host, and its rules are sound', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    await until(
      async () => (await queryPrometheus(address('prometheus'), 'up{job="promvisor"}'))[0]?.value[1] === '1',
      {
        what: 'the first scrape',
        timeoutMs: 60_000,
      },
    );
    const found = await queryPrometheus(address('prometheus'), 'promvisor_instance_status{app="api",status="online"}');
    expect(found[0]?.value[1]).toBe('1');
    const { body } = await askHttp({ address: address('prometheus'), path: '/api/v1/rules' });
    expect(body).not.toContain('"health":"err"');
  }, 120_000);

  test('Prometheus has found the Alertmanager', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const found = until(
      async () => {
        const { body } = await askHttp({ address: address('prometheus'), path: '/api/v1/alertmanagers' });
        return (JSON.parse(body) as { data: { activeAlertmanagers: { url: string }[] } }).data.activeAlertmanagers[0];
      },
      { what: 'an active Alertmanager', timeoutMs: 60_000 },
    );
    expect(new URL((await found).url).host).toBe('alertmanager:9093');
  }, 120_000);

  test('Grafana has the datasources, and they answer', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const expected = datasources().map(({ uid }) => uid);
    const found = await askGrafana<{ uid: string }[]>('/api/datasources');
    expect(found.map(({ uid }) => uid).sort()).toEqual([...expected].sort());
    for (const uid of expected)
      expect(await askGrafana(`/api/datasources/uid/${uid}/health`), uid).toMatchObject({ status: 'OK' });
  });

  test('Grafana has the dashboards', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const expected = [...dashboardUids()].sort();
    expect(expected.length).toBeGreaterThan(0);
    await until(
      async () => {
        const found = await askGrafana<{ uid: string }[]>('/api/search?type=dash-db');
        expect(found.map(({ uid }) => uid).sort()).toEqual(expected);
        return true;
      },
      { what: `dashboards ${expected.join(', ')}`, timeoutMs: 30_000 },
    );
  });

  test('300,000 lines through two deaths of the shipper into Loki', async (context) => {
    if (missing !== undefined) return context.skip(missing);
    await shipsThroughTwoDeaths(`http://${address('loki')}`);
  }, 240_000);

  async function askGrafana<T>(route: string): Promise<T> {
    const { status, body } = await askHttp({
      address: address('grafana'),
      path: route,
      headers: { authorization: GRAFANA_ADMIN },
    });
    if (status !== 200) throw new Error(`GET ${route} of Grafana: expected status 200, got ${status}: ${body}`);
    return JSON.parse(body) as T;
  }
});
