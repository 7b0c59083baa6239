import { describe, expect, test } from 'vitest';
import { fixture } from '../support/cli.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

describe("PM2's words for apps that are there", () => {
  test('flags of restart change the app, and a value that cannot be changes nothing', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    await home.ok([
      'restart',
      'app',
      '--max-memory-restart',
      '300M',
      '--cron-restart',
      '0 4 * * *',
      '-k',
      '700',
      '--',
      'x',
    ]);
    const changed = await home.describe('app');
    expect(changed).toMatchObject({ restarts: 1, memoryLimitBytes: 300 * 1024 * 1024, cron: { pattern: '0 4 * * *' } });
    expect(changed.spec).toMatchObject({ policy: { killTimeoutMs: 700 }, process: { args: ['x'] } });
    const refused = await home.run(['restart', 'app', '--max-memory-restart', 'much']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('"much"')]);
    expect(await home.instance('app')).toMatchObject({ pid: changed.pid, restarts: 1 });
    await home.ok(['reload', 'app', '--cron-restart', '0', '--max-restarts', '3']);
    const reloaded = await home.describe('app');
    expect(reloaded).toMatchObject({ cron: null, memoryLimitBytes: 300 * 1024 * 1024 });
    expect(reloaded.spec.policy.maxRestarts).toBe(3);
  });

  test('a line reaches the standard input; --attach and attach show the answers, and leave the app alone', async () => {
    const home = testHome();
    const started = home.start(['start', fixture('answers-lines.cjs'), '--name', 'talks', '--attach']);
    await until(() => started.stdout().includes('| ready'), { what: 'the output of the app after the table' });
    await home.ok(['send', 'talks', 'hello', 'there']);
    await until(() => started.stdout().includes('| got hello there'), { what: 'the answer' });
    started.signal('SIGINT');
    expect((await started.ended).code).toBe(0);
    const attached = home.start(['attach', 'talks'], { input: 'one\ntwo\n' });
    await until(() => /got one\n.*got two/s.test(attached.stdout()), { what: 'both answers, in their order' });
    attached.signal('SIGINT');
    expect((await attached.ended).code).toBe(0);
    expect(attached.stdout()).not.toContain('hello');
    expect(await home.instance('talks')).toMatchObject({ status: 'running', restarts: 0 });
  });

  test('list --watch draws again and again, until it is interrupted', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    const watch = home.start(['list', '--watch']);
    await until(() => watch.stdout().split('┌').length > 2, { what: 'a second table' });
    watch.signal('SIGINT');
    expect((await watch.ended).code).toBe(0);
    expect((await home.ok(['completion', 'targets'])).stdout).toBe('app\n');
  });
});

test('serve is an app that says whether it serves', async () => {
  const home = testHome();
  home.write('site/index.html', '<p>home</p>');
  await home.ok([
    'serve',
    'site',
    '0',
    '--host',
    '127.0.0.1',
    '--basic-auth-username',
    'me',
    '--basic-auth-password',
    'x',
  ]);
  const [, port = ''] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(home.log('static-page-server-0')) ?? [];
  expect(await askHttp({ address: `127.0.0.1:${port}`, path: '/' })).toMatchObject({ status: 401 });
  const taken = await home.run(['serve', 'site', port, '--host', '127.0.0.1']);
  expect(taken.code).toBe(1);
  expect((await home.ok(['why', `static-page-server-${port}`])).stdout).toContain('EADDRINUSE');
  expect((await home.ok(['report'])).stdout).toContain(`static-page-server-${port}`);
});
