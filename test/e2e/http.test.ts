import { describe, expect, test } from 'vitest';
import { EXIT_REASONS } from '../../src/core/exit.ts';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { readExposition } from '../support/prometheus-text.ts';
import { testHome } from '../support/test-home.ts';
import { askHttp } from '../support/wire.ts';

describe('the read-only listener', () => {
  test('list, jlist and /metrics agree after a crash', async () => {
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.cjs'), appOf('job', 'waits.sh')]);
    const { pid } = await untilStatus(home, 'api', 'running');
    process.kill(pid ?? 0, 'SIGKILL');
    await untilExits(home, { app: 'api', reason: 'signal' });
    await untilStatus(home, 'api', 'running');
    const [api] = JSON.parse((await home.ok(['jlist'])).stdout);
    expect(api.pm2_env).toMatchObject({ restart_time: 1, status: 'online' });
    expect(await home.metric('promvisor_instance_restarts_total', { app: 'api', reason: 'signal' })).toBe(1);
    expect(await home.metric('promvisor_instance_starts_total', { app: 'api' })).toBe(2);
    expect(await home.metric('promvisor_instance_status', { app: 'api', status: 'online' })).toBe(1);
    expect(await home.metric('promvisor_app_instances_online', { app: 'job' })).toBe(1);
    const start = await home.metric('promvisor_instance_start_time_seconds', { app: 'api' });
    expect(Math.abs(start - Date.now() / 1000)).toBeLessThan(60);
    for (const reason of EXIT_REASONS) {
      expect(await home.metric('promvisor_instance_exits_total', { app: 'job', reason }), reason).toBe(0);
    }
    const row = (await home.ok(['list'])).stdout.split('\n').find((line) => line.includes('api')) ?? '';
    expect(row).toMatch(/\b1\b/);
  });

  test('health, readiness and the page answer', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    expect(await home.http('/healthz')).toMatchObject({ status: 200 });
    expect(await home.http('/readyz')).toMatchObject({ status: 200 });
    const page = await home.http('/');
    expect(page.headers['content-type']).toContain('text/html');
    const metrics = await home.http('/metrics');
    expect(metrics.headers['content-type']).toContain('text/plain; version=0.0.4');
    for (const route of ['/nothing', '/metrics/pm2']) expect((await home.http(route)).status, route).toBe(404);
  });

  test('nothing can be changed through it, and no environment value is seen', async () => {
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.sh', { env: { PASSWORD: 'never-shown' } })]);
    const address = (await home.ping()).http.address ?? '';
    for (const route of ['/', '/metrics', '/jlist', '/instances.json', '/readyz']) {
      expect((await home.http(route)).body, route).not.toContain('never-shown');
    }
    for (const path of ['/v1/kill', '/v1/action', '/v1/instances', '/jlist', '/metrics']) {
      const { status } = await askHttp({ address, path, method: 'POST', body: '{}' });
      expect([400, 404], path).toContain(status);
    }
    expect(await home.instance('api')).toMatchObject({ status: 'running' });
    expect((await home.get<unknown[]>('/v1/jlist')).length).toBe(1);
  });

  test('/metrics/pm2 is there when the settings ask for it, in the words of both exporters', async () => {
    const home = testHome({ PROMVISOR_HTTP_PM2_METRICS: 'true' });
    await startApps(home, [appOf('api', 'waits.cjs'), appOf('job', 'waits.sh')]);
    await home.ok(['stop', 'job']);
    const page = await home.http('/metrics/pm2');
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': expect.stringContaining('version=0.0.4') } });
    const { value, series } = readExposition(page.body);
    expect(value('pm2_up', { name: 'api' })).toBe(1);
    expect(value('pm2_up', { name: 'job' })).toBe(0);
    expect(value('pm2_memory', { name: 'api' })).toBeGreaterThan(20_000_000);
    expect(value('pm2_heap_size', { name: 'api' })).toBeGreaterThan(1);
    const node_version = process.version.slice(1);
    const labels = { id: '0', name: 'api', version: 'N/A', instance: '0', interpreter: 'node', node_version };
    expect(series[0]).toMatchObject({ name: 'pm2_up', labels: { ...labels, version: expect.any(String) } });
    const older = readExposition((await home.http('/metrics/pm2?flavour=pm2-prometheus-exporter')).body);
    expect(older.series[0]).toEqual({ name: 'pm2_up', labels: { name: 'api', instance: '0' }, value: 1 });
    const unknown = await home.http('/metrics/pm2?flavour=grafana');
    expect(unknown.status).toBe(400);
    expect(unknown.body).toContain('flavour: expected pm2-metrics or pm2-prometheus-exporter, got');
  });

  test('environment values show where the settings ask for it', async () => {
    const home = testHome({ PROMVISOR_HTTP_EXPOSE_ENV: 'true' });
    await startApps(home, [appOf('api', 'waits.sh', { env: { GREETING: 'shown' } })]);
    expect((await home.http('/jlist')).body).toContain('shown');
  });
});
