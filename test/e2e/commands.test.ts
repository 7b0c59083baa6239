import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

describe('commands', () => {
  test('start, stop, restart and delete do what they say, by id, name, namespace and pattern', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('api-a', 'waits.sh'),
      appOf('api-b', 'waits.sh', { namespace: 'web' }),
      appOf('job', 'waits.sh', { namespace: 'web' }),
    ]);
    const statuses = async () => (await home.instances()).map(({ status }) => status);
    await home.ok(['stop', 'web']);
    expect(await statuses()).toEqual(['running', 'stopped', 'stopped']);
    await home.ok(['start', '1']);
    expect(await statuses()).toEqual(['running', 'running', 'stopped']);
    await home.ok(['stop', '/^api-/']);
    expect(await statuses()).toEqual(['stopped', 'stopped', 'stopped']);
    await home.ok(['restart', 'all']);
    expect(await statuses()).toEqual(['running', 'running', 'running']);
    await home.ok(['delete', 'api-a', '2']);
    expect((await home.instances()).map(({ app }) => app)).toEqual(['api-b']);
    await home.ok(['start', fixture('waits.sh'), '--name', 'new']);
    expect((await home.instance('new')).id).toBe(3);
  });

  test('restart gives a new process, counts it, and reset forgets the count but not the metric', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    const { pid } = await home.instance('app');
    await home.ok(['restart', 'app']);
    const after = await home.instance('app');
    expect(after).toMatchObject({ restarts: 1, generation: 2 });
    expect(after.pid).not.toBe(pid);
    await home.ok(['reset', 'app']);
    expect(await home.instance('app')).toMatchObject({ restarts: 0, pid: after.pid });
    expect((await home.describe('app')).counters.starts).toBe(2);
  });

  test('pid, id, describe, env and why speak of the same instance', async () => {
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.sh', { env: { GREETING: 'hello world' }, args: ['one', 'two'] })]);
    const { pid, id } = await home.instance('api');
    expect((await home.ok(['pid', 'api'])).stdout.trim()).toBe(String(pid));
    expect((await home.ok(['id', 'api'])).stdout).toContain(String(id));
    expect((await home.ok(['env', String(id)])).stdout).toContain('GREETING: hello world');
    const described = (await home.ok(['describe', 'api'])).stdout;
    for (const word of ['api', 'online', fixture('waits.sh'), String(pid), 'one two'])
      expect(described).toContain(word);
    expect(described).not.toContain('hello world');
    expect((await home.ok(['why', 'api'])).stdout).toContain('api');
  });

  test('every read command has --json', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'api']);
    const commands = [
      ['list'],
      ['describe', 'api'],
      ['why', 'api'],
      ['env', '0'],
      ['pid', 'api'],
      ['id', 'api'],
      ['ping'],
    ];
    for (const command of commands) {
      const { stdout } = await home.ok([...command, '--json']);
      expect(() => JSON.parse(stdout), command.join(' ')).not.toThrow();
    }
  });

  test('sendSignal reaches the process, and a signal that is none is refused', async () => {
    const home = testHome();
    await home.ok(['start', fixture('says-signals.cjs'), '--name', 'listens']);
    await until(() => home.log('listens').includes('ready'), { what: 'the handler is there' });
    await home.ok(['sendSignal', 'SIGUSR2', 'listens']);
    await until(() => home.log('listens').includes('got SIGUSR2'), { what: 'the signal arrived' });
    expect(await home.instance('listens')).toMatchObject({ status: 'running', restarts: 0 });
    const refused = await home.run(['sendSignal', 'SIGNONE', 'listens']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('SIGNONE');
  });

  test('flush empties the files, and the app goes on writing to them', async () => {
    const home = testHome();
    await home.ok(['start', fixture('says-signals.cjs'), '--name', 'talks']);
    await until(() => home.log('talks').includes('ready'), { what: 'a line in the log' });
    await home.ok(['flush', 'talks']);
    expect(home.log('talks')).toBe('');
    await home.ok(['sendSignal', 'SIGHUP', 'talks']);
    await until(() => home.log('talks') === 'got SIGHUP\n', { what: 'the next line at the start of the file' });
  });

  test('an app that dies at once makes start fail and say why', async () => {
    const home = testHome();
    const { code, stdout, stderr } = await home.run([
      'start',
      fixture('throws.cjs'),
      '--name',
      'bad',
      '--no-autorestart',
    ]);
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('promvisor why bad');
  });

  test('targets that are not there exit with 4 and are named; no target is a usage error', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'api']);
    for (const command of ['stop', 'restart', 'delete', 'describe', 'why', 'reset', 'env']) {
      const { code, stderr } = await home.run([command, 'nobody']);
      expect([command, code]).toEqual([command, 4]);
      expect(stderr).toContain('nobody');
    }
    expect(await home.run(['stop'])).toMatchObject({ code: 2 });
    expect(await home.run(['frobnicate'])).toMatchObject({ code: 2 });
    expect(await untilStatus(home, 'api', 'running')).toMatchObject({ restarts: 0 });
  });

  test('the table fits 80 columns and has no colours in a pipe', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('a-name-that-is-long-enough-to-be-cut-off', 'waits.sh'),
      appOf('größe-世界', 'waits.sh'),
    ]);
    const { stdout } = await home.ok(['list'], { env: { COLUMNS: '80' } });
    expect(stdout).toContain('online');
    expect(stdout).not.toContain('\u001b[');
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
  });
});
