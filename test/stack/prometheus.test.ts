import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { needsPrograms } from '../support/programs.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

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

  test('scrapes it and sees restarts increase after crashes', async (context) => {
    needsPrograms(context, 'prometheus');
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.sh')]);
    const address = await startPrometheus(home);
    const query = async (expression: string): Promise<readonly Sample[]> => {
      const { body } = await askHttp({ address, path: `/api/v1/query?query=${encodeURIComponent(expression)}` });
      return JSON.parse(body).data.result;
    };
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

async function startPrometheus(home: TestHome): Promise<string> {
  const target = (await home.ping()).http.address;
  const address = `127.0.0.1:${await freePort()}`;
  const data = path.join(home.root, 'prometheus');
  mkdirSync(data);
  const config = home.write(
    'prometheus.yml',
    `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: promvisor\n    static_configs: [{ targets: ["${target}"] }]\n`,
  );
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${address}`];
  const child = spawn('prometheus', args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await until(async () => (await askHttp({ address, path: '/-/ready' })).status === 200, {
    what: 'Prometheus ready',
    timeoutMs: 30_000,
  });
  return address;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
