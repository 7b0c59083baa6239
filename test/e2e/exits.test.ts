import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const ONCE = { autorestart: false };

describe('how a process ended', () => {
  test('a kill -ABRT from outside is a signal, not exit code 0', async () => {
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.cjs')]);
    const { pid } = await untilStatus(home, 'api', 'running');
    process.kill(pid ?? 0, 'SIGABRT');
    await untilExits(home, { app: 'api', reason: 'signal' });
    const after = await untilStatus(home, 'api', 'running');
    expect(after).toMatchObject({ restarts: 1, lastExit: { reason: 'signal', code: null, signal: 'SIGABRT' } });
    expect(after.pid).not.toBe(pid);
    expect((await home.ok(['why', 'api'])).stdout).toContain('SIGABRT');
    expect(await home.metric('promvisor_instance_exits_total', { app: 'api', reason: 'signal' })).toBe(1);
    expect(await home.metric('promvisor_instance_restarts_total', { app: 'api', reason: 'signal' })).toBe(1);
    expect(await home.metric('promvisor_instance_exits_total', { app: 'api', reason: 'clean' })).toBe(0);
  });

  test('each way of dying by itself has its word', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('aborts', 'aborts.cjs', { ...ONCE, args: ['200'] }),
      appOf('oom', 'heap-oom.cjs', { ...ONCE, node_args: ['--max-old-space-size=24'] }),
      appOf('throws', 'throws.cjs', { ...ONCE, args: ['200'] }),
      appOf('code', 'crash-after.cjs', { ...ONCE, args: ['200', '7'] }),
      appOf('clean', 'exits-clean.cjs', ONCE),
    ]);
    const ends = await Promise.all(
      ['aborts', 'oom', 'throws', 'code', 'clean'].map(
        async (app) => (await untilStatus(home, app, 'exited')).lastExit,
      ),
    );
    expect(ends).toMatchObject([
      { reason: 'signal', code: null, signal: 'SIGABRT' },
      { reason: 'heap_oom', code: null, signal: 'SIGABRT' },
      { reason: 'uncaught', code: 1, signal: null },
      { reason: 'error_code', code: 7, signal: null },
      { reason: 'clean', code: 0, signal: null },
    ]);
    expect((await home.ok(['why', 'throws'])).stdout).toContain('thrown on purpose');
  });

  test('why shows what the dead process said, not what the next one says meanwhile', async () => {
    const home = testHome();
    const script = home.write(
      'once.sh',
      '[ -e said ] && { echo second process >&2; exec sleep 600; }\ntouch said; echo first process >&2; exit 3\n',
    );
    await startApps(home, [{ name: 'once', script }]);
    await until(() => home.log('once', 'error').includes('second process'), { what: 'the second process' });
    const { stdout } = await home.ok(['why', 'once']);
    expect(stdout).toContain('first process');
    expect(stdout).not.toContain('second process');
  });

  test('an interpreter that is not there is spawn_failed, with the reason, and start says so', async () => {
    const home = testHome();
    const { code, stdout, stderr } = await startApps(home, [
      appOf('lost', 'waits.cjs', { interpreter: 'no-such-program' }),
    ]);
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('no-such-program');
    const lost = await untilStatus(home, 'lost', 'fatal');
    expect(lost).toMatchObject({
      pm2Status: 'errored',
      pid: null,
      lastExit: { reason: 'spawn_failed', code: null, signal: null },
    });
    expect(lost.lastExit?.message).toContain('no-such-program');
    expect((await home.ok(['why', 'lost'])).stdout).toContain('no-such-program');
  });

  test('a stop that was asked for is requested; one that needed SIGKILL is kill_timeout', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('plain', 'says-signals.cjs'),
      appOf('deaf', 'ignores-sigint.cjs', { kill_timeout: 200 }),
    ]);
    for (const app of ['plain', 'deaf']) await until(() => home.log(app).includes('ready'), { what: `${app} listens` });
    await home.ok(['stop', 'all']);
    expect(await home.instance('plain')).toMatchObject({
      status: 'stopped',
      pid: null,
      lastExit: { reason: 'requested', code: 0 },
    });
    expect(await home.instance('deaf')).toMatchObject({
      status: 'stopped',
      lastExit: { reason: 'kill_timeout', signal: 'SIGKILL' },
    });
    expect(home.log('plain')).toContain('got SIGINT');
    expect(home.log('deaf')).toContain('ignored SIGINT');
  });
});
