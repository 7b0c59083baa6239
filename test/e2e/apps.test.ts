import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { fixture, PROGRAM } from '../support/cli.ts';
import { needsPrograms } from '../support/programs.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const READY = /^ready (\d+)$/m;

describe('what can be supervised', () => {
  test('Node, bash, a binary and a shell line', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('node', 'waits.cjs'),
      appOf('bash', 'waits.sh'),
      { name: 'binary', script: '/bin/sleep', interpreter: 'none', args: ['3600'] },
    ]);
    await home.ok(['start', 'echo "ready $$"; exec sleep 3600', '--name', 'line']);
    for (const app of ['node', 'bash', 'line']) {
      const { pid } = await untilStatus(home, app, 'running');
      const said = await until(() => READY.exec(home.log(app)), { what: `${app} says ready` });
      expect(said[1], app).toBe(String(pid));
    }
    expect(await home.instance('binary')).toMatchObject({ status: 'running', pm2Status: 'online' });
  });

  test('Python', async (context) => {
    needsPrograms(context, 'python3');
    const home = testHome();
    await home.ok(['start', fixture('waits.py'), '--name', 'python']);
    await until(() => READY.test(home.log('python')), { what: 'python says ready' });
  });

  test('arguments, working directory and environment arrive', async () => {
    const home = testHome();
    const env = { GREETING: 'hello', NUMBER: 7 };
    const args = ['GREETING', 'NUMBER', 'FROM_SHELL', 'NODE_APP_INSTANCE', 'PROMVISOR_HTTP_LISTEN'];
    await startApps(
      home,
      [appOf('echo', 'echoes-env.cjs', { args, env, env_production: { GREETING: 'good day' }, cwd: home.work })],
      ['--env', 'production'],
    );
    await until(() => READY.test(home.log('echo')), { what: 'ready' });
    const lines = home.log('echo').split('\n');
    expect(lines).toContain('GREETING=good day');
    expect(lines).toContain('NUMBER=7');
    expect(lines).toContain('NODE_APP_INSTANCE=0');
    expect(lines).toContain(`cwd=${realpathSync(home.work)}`);
  });

  test('--only starts only these, and an app on a command line is given its flags', async () => {
    const home = testHome();
    await startApps(
      home,
      [appOf('one', 'waits.sh'), appOf('two', 'waits.sh'), appOf('three', 'waits.sh')],
      ['--only', 'one,three'],
    );
    expect((await home.instances()).map(({ app }) => app)).toEqual(['one', 'three']);
    await home.ok([
      'start',
      fixture('echoes-env.cjs'),
      '--name',
      'cli',
      '--kill-timeout',
      '700',
      '--',
      'SHELL_WORD',
      '--flag',
    ]);
    const { spec } = await home.describe('cli');
    expect(spec).toMatchObject({ process: { args: ['SHELL_WORD', '--flag'] }, policy: { killTimeoutMs: 700 } });
  });

  test('a second start of the same file restarts what runs', async () => {
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.sh')]);
    const { pid } = await home.instance('api');
    expect((await startApps(home, [appOf('api', 'waits.sh')])).code).toBe(0);
    const again = await home.instance('api');
    expect(again).toMatchObject({ id: 0, status: 'running' });
    expect(again.pid).not.toBe(pid);
  });

  test('several fork instances have ids, slots and log files of their own', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('pair', 'echoes-env.cjs', { instances: 2, exec_mode: 'fork', args: ['NODE_APP_INSTANCE'] }),
    ]);
    expect((await home.instances()).map(({ id, slot }) => [id, slot])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    for (const slot of [0, 1]) {
      await until(() => home.log('pair', 'out', slot).includes(`NODE_APP_INSTANCE=${slot}`), {
        what: `log of slot ${slot}`,
      });
    }
  });
});

describe('output', () => {
  test('every line is in its file, in order, also what comes right before the end', async () => {
    const home = testHome();
    await startApps(home, [appOf('prints', 'prints-lines.cjs', { args: ['20000', '3'], autorestart: false })]);
    await untilStatus(home, 'prints', 'exited');
    const wanted = Array.from({ length: 20_000 }, (_, i) => `line ${i + 1}\n`).join('');
    await until(() => home.log('prints').length >= wanted.length, { what: 'all lines in the file' });
    expect(home.log('prints') === wanted).toBe(true);
    expect(home.log('prints', 'error').match(/^error line \d+$/gm)).toHaveLength(2000);
    const { logAccount } = await home.describe('prints');
    expect(logAccount).toMatchObject({ out: { lines: 20_000, dropped: 0 }, error: { lines: 2000, dropped: 0 } });
    expect(await home.metric('promvisor_log_lines_total', { app: 'prints', stream: 'out' })).toBe(20_000);
  });

  test('characters are never cut', async () => {
    const home = testHome();
    await startApps(home, [appOf('utf8', 'prints-utf8.cjs', { time: true })]);
    await until(() => home.log('utf8').includes('ready'), { what: 'ready' });
    const lines = home.log('utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(201);
    for (const line of lines.slice(0, 200)) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: aß€😀 grüße, 世界$/);
    }
  });

  test('logs shows the last lines and follows', async () => {
    const home = testHome();
    await startApps(home, [appOf('talks', 'prints-lines.sh', { args: ['30'] }), appOf('signals', 'says-signals.cjs')]);
    await until(() => home.log('talks').includes('ready') && home.log('signals').includes('ready'), { what: 'ready' });
    const { stdout } = await home.ok(['logs', 'talks', '--nostream', '--lines', '3', '--raw']);
    expect(stdout).toMatch(/line 29\nline 30\nready \d+\n$/);
    expect(stdout).not.toContain('line 28');
    const following = home.start(['logs', 'signals', '--lines', '0', '--raw']);
    const heard = async () => {
      await home.ok(['sendSignal', 'SIGUSR2', 'signals']);
      return following.stdout().includes('got SIGUSR2');
    };
    await until(heard, { what: 'a new line on the screen' });
    following.signal('SIGINT');
    expect((await following.ended).code).toBe(0);
  });

  test('a reader that goes away early is no error', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh')]);
    const pipeline = 'set -o pipefail; "$0" "$1" list | head -c 1';
    const { status, stderr } = spawnSync('bash', ['-c', pipeline, process.execPath, PROGRAM], {
      env: home.env,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
