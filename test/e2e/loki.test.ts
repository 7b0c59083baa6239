import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LokiStatusView, LokiTestView } from '../../src/api/loki-views.ts';
import { startLoki } from '../support/loki.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const SAYS = `
console.log('one'); console.error('{"level":50,"msg":"two"}');
setInterval(() => {}, 1000);
`;

test('lines of apps get to Loki, and the commands tell of it', async () => {
  const double = await startLoki();
  onTestFinished(() => double.kill());
  const home = testHome({ PROMVISOR_LOKI_URL: double.url, PROMVISOR_LOKI_LABELS: 'team=a' });
  home.write('says.cjs', SAYS);
  const apps = [
    { name: 'api', script: './says.cjs', loki: { labels: { tier: 'web' } } },
    { name: 'quiet', script: './says.cjs', loki: false },
  ];
  const config = home.write('e.config.json', JSON.stringify({ apps }));
  await home.ok(['start', config]);
  await until(() => double.lines().length === 2, { what: 'two lines in Loki' });
  const streams = [...double.streams.values()].sort((a, b) =>
    (a.labels['stream'] ?? '').localeCompare(b.labels['stream'] ?? ''),
  );
  expect(streams.map(({ labels }) => ({ ...labels, host: 'h' }))).toEqual(
    ['error', 'out'].map((stream) => ({ host: 'h', team: 'a', tier: 'web', app: 'api', namespace: 'default', stream })),
  );
  const { exit_id: exitId, ...metadata } = streams[0]?.entries[0]?.metadata ?? {};
  expect(metadata).toEqual({ instance: '0', id: '0', level: 'error' });

  const status = JSON.parse((await home.ok(['loki', 'status', '--json'])).stdout) as LokiStatusView;
  expect(status).toMatchObject({ enabled: true, lagSeconds: 0, pendingBytes: 0, sentEntries: 2, lastError: null });
  expect(status.apps).toMatchObject([{ app: 'api', sentEntries: 2 }]);
  expect((await home.ok(['loki', 'status'])).stdout).toContain('2 lines');
  expect(await home.metric('promvisor_loki_sent_entries_total', {})).toBe(2);
  expect(await home.metric('promvisor_loki_pending_bytes', { app: 'api', stream: 'out' })).toBe(0);

  const tested = JSON.parse((await home.ok(['loki', 'test', '--json'])).stdout) as LokiTestView;
  expect(tested).toMatchObject({ ok: true, status: 204, error: null, url: `${double.url}/loki/api/v1/push` });
  double.mood(() => ({ status: 401 }));
  const refused = await home.run(['loki', 'test']);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain('401');
  await double.kill();
  const unheard = await home.run(['loki', 'test', '--json']);
  expect(unheard.code).toBe(1);
  expect(JSON.parse(unheard.stdout)).toMatchObject({ ok: false, status: null });

  // What Loki has not taken waits on disk for the next daemon.
  await home.ok(['restart', 'api']);
  expect((await home.why('api')).lastDeath?.id).toBe(exitId);
  await until(async () => (await home.metric('promvisor_loki_lag_seconds', {})) > 0, { what: 'a lag' });
  await home.ok(['kill']);
  double.mood(() => null);
  await double.restart();
  await home.ok(['start', config, '--only', 'quiet']);
  const mine = () => double.lines().filter((line) => line === 'one').length;
  await until(() => mine() === 2, { what: 'the lines of the app that has gone' });
  const log = readFileSync(path.join(home.root, 'home/logs/api-out.log'), 'utf8');
  expect(log.split('\n').filter((line) => line === 'one')).toHaveLength(2);
});

test('nothing is shipped, and undici not loaded, without loki.url', async () => {
  const home = testHome();
  home.write('says.cjs', SAYS);
  await home.ok(['start', 'says.cjs', '--name', 'api']);
  expect(JSON.parse((await home.ok(['loki', 'status', '--json'])).stdout)).toMatchObject({ enabled: false, url: null });
  const { code, stderr } = await home.run(['loki', 'test']);
  expect(code).toBe(1);
  expect(stderr).toContain('loki.url is not set');
  const { body } = await home.http('/metrics');
  expect(body).not.toContain('promvisor_loki_');
  expect((await home.run(['loki', 'nonsense'])).code).toBe(2);
});
