import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { needsPrograms } from '../support/programs.ts';
import { freePort, startPrometheus } from '../support/prometheus-server.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

describe('a real Prometheus', () => {
  test('finds nothing to complain of in /metrics', async (context) => {
    needsPrograms(context, 'promtool');
    const home = testHome();
    await startApps(home, [
      appOf('api', 'waits.cjs'),
      appOf('job', 'waits.sh', { cron_restart: '0 4 * * *', max_memory_restart: '200M' }),
    ]);
    const { body } = await home.http('/metrics');
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
    expect(checked.stdout + checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  });

  test('finds nothing to complain of in the pages of apps, reads OpenMetrics, and keeps exemplars', async (context) => {
    needsPrograms(context, 'prometheus', 'promtool');
    const home = testHome();
    const env = { PORT: String(await freePort()) };
    await startApps(home, [appOf('api', 'counts-requests.cjs', { exec_mode: 'cluster', instances: 2, env })]);
    for (const route of ['/metrics', '/metrics/apps/api', '/metrics/apps/api?by=instance']) {
      const { body, status } = await home.http(route);
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
      expect({ route, status, output: checked.stdout + checked.stderr }).toEqual({ route, status: 200, output: '' });
    }
    const prometheus = await startPrometheus(home);
    await until(async () => (await prometheus.query('up')).filter(({ value }) => value[1] === '1').length === 2, {
      what: 'both targets up',
      timeoutMs: 30_000,
    });
    const { activeTargets } = await prometheus.api<{ activeTargets: { lastError: string; labels: object }[] }>(
      'targets',
    );
    expect(activeTargets.map(({ lastError }) => lastError)).toEqual(['', '']);
    expect((await prometheus.query('answered_total{app="api",namespace="default",route="all"}'))[0]?.value[1]).toBe(
      '0',
    );
    const name = 'promvisor_instance_ready_duration_seconds_bucket';
    const now = Date.now() / 1_000;
    const route = `query_exemplars?query=${name}&start=${now - 600}&end=${now + 60}`;
    const exemplars = await until(
      async () => (await prometheus.api<{ exemplars: { labels: object }[] }[]>(route)).flatMap((one) => one.exemplars),
      { what: 'exemplars', timeoutMs: 30_000 },
    );
    expect(exemplars[0]?.labels).toMatchObject({ instance_id: expect.any(String), generation: '1' });
    // Only OpenMetrics has them, so that is what was read; its units and infos are known by their own names.
    const metadata = await prometheus.api<Record<string, { type: string; unit: string }[]>>('metadata');
    expect(metadata['promvisor_build']?.[0]?.type).toBe('info');
    expect(metadata['promvisor_instance_cpu_seconds']?.[0]).toMatchObject({ type: 'counter', unit: 'seconds' });
  });

  test('scrapes it and sees restarts increase after crashes', async (context) => {
    needsPrograms(context, 'prometheus');
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.sh')]);
    const { query } = await startPrometheus(home);
    const restarts = 'promvisor_instance_restarts_total{app="api",reason="signal"}';
    await until(async () => (await query(restarts))[0]?.value[1] === '0', {
      what: 'the first scrape',
      timeoutMs: 30_000,
    });
    for (const count of [1, 2]) {
      process.kill((await untilStatus(home, 'api', 'running')).pid ?? 0, 'SIGKILL');
      await untilExits(home, { app: 'api', reason: 'signal', count });
    }
    await until(async () => (await query(restarts))[0]?.value[1] === '2', {
      what: 'two restarts in Prometheus',
      timeoutMs: 30_000,
    });
    const increased = await query('increase(promvisor_instance_restarts_total{app="api"}[1m]) > 0');
    expect(increased.map(({ metric }) => metric['reason'])).toEqual(['signal']);
    expect((await query('up'))[0]?.value[1]).toBe('1');
    expect((await query('sum by (app) (promvisor_instance_status{status="online"})'))[0]?.value[1]).toBe('1');
  });
});
