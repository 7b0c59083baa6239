import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

describe('apps that misbehave', () => {
  test('a stopped (SIGSTOP) app can be stopped for good', async () => {
    const home = testHome();
    await startApps(home, [appOf('frozen', 'waits.cjs', { kill_timeout: 300 })]);
    const { pid } = await untilStatus(home, 'frozen', 'running');
    process.kill(pid ?? 0, 'SIGSTOP');
    await home.ok(['stop', 'frozen']);
    expect(await home.instance('frozen')).toMatchObject({ status: 'stopped', lastExit: { reason: 'kill_timeout' } });
  });

  test('an app that prints without end is held back, and the daemon stays small and answers', async () => {
    const home = testHome();
    await startApps(home, [{ name: 'floods', script: '/usr/bin/yes', interpreter: 'none', out_file: '/dev/null' }]);
    await until(
      async () => (await home.metric('promvisor_log_lines_total', { app: 'floods', stream: 'out' })) > 1_000_000,
      {
        what: 'a million lines read',
      },
    );
    expect(await home.metric('process_resident_memory_bytes', {})).toBeLessThan(200 * 1024 * 1024);
    await home.ok(['stop', 'floods']);
    expect(await home.instance('floods')).toMatchObject({ status: 'stopped' });
  });

  test('a full disk costs lines, which are counted, and nothing else', async (context) => {
    context.skip(process.platform !== 'linux', 'needs /dev/full');
    const home = testHome();
    await startApps(home, [appOf('full', 'prints-lines.sh', { out_file: '/dev/full', args: ['50'] })]);
    const labels = { app: 'full', stream: 'out' };
    await until(async () => (await home.metric('promvisor_log_write_errors_total', labels)) > 0, {
      what: 'write errors counted',
    });
    expect(await home.instance('full')).toMatchObject({ status: 'running', restarts: 0 });
  });

  test('a log folder that is removed does not stop the app', async () => {
    const home = testHome();
    await startApps(home, [appOf('talks', 'says-signals.cjs')]);
    await until(() => home.log('talks').includes('ready'), { what: 'ready' });
    rmSync(path.join(home.root, 'home/logs'), { recursive: true });
    await home.ok(['sendSignal', 'SIGUSR2', 'talks']);
    expect(await home.instance('talks')).toMatchObject({ status: 'running', restarts: 0 });
    await home.ok(['restart', 'talks']);
    expect(await home.instance('talks')).toMatchObject({ status: 'running' });
  });

  test('crashes of many apps at once are each counted once', async () => {
    const home = testHome();
    const names = Array.from({ length: 10 }, (_, i) => `app-${i}`);
    await startApps(
      home,
      names.map((name) => appOf(name, 'waits.sh')),
    );
    for (const { pid } of await home.instances()) process.kill(pid ?? 0, 'SIGKILL');
    for (const app of names) await untilExits(home, { app, reason: 'signal' });
    for (const app of names) {
      await untilStatus(home, app, 'running');
      expect((await home.describe(app)).counters).toMatchObject({
        starts: 2,
        exits: { signal: 1 },
        restarts: { signal: 1 },
      });
    }
  });
});
