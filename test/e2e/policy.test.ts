import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

async function delaysOf(home: TestHome, app: string): Promise<number[]> {
  const { transitions } = await home.why(app);
  return transitions.flatMap(({ to, delayMs }) => (to === 'backoff' && delayMs !== null ? [delayMs] : []));
}

describe('restart policy', () => {
  test('a crash loop slower than min_uptime is slowed down more and more, and says so', async () => {
    const home = testHome();
    await startApps(home, [appOf('slow', 'crash-after.sh', { args: ['1.05', '1'] })]);
    await untilExits(home, { app: 'slow', reason: 'error_code', count: 4 });
    const delays = await delaysOf(home, 'slow');
    expect(delays.length).toBeGreaterThanOrEqual(3);
    expect([...delays].sort((a, b) => a - b)).toEqual(delays);
    expect(delays[0]).toBeGreaterThanOrEqual(100);
    expect(delays[2]).toBeGreaterThan((delays[0] ?? 0) * 1.5);
    const [first] = JSON.parse((await home.ok(['jlist'])).stdout);
    expect(first.pm2_env.prev_restart_delay).toBeGreaterThanOrEqual(225);
    expect(first.pm2_env.unstable_restarts).toBe(0);
    expect((await home.ok(['why', 'slow'])).stdout).toMatch(/back-?off|crash|in a row/i);
  });

  test('the first crash is answered at once', async () => {
    const home = testHome();
    await startApps(home, [appOf('api', 'waits.cjs')]);
    const { pid } = await untilStatus(home, 'api', 'running');
    process.kill(pid ?? 0, 'SIGKILL');
    await untilExits(home, { app: 'api', reason: 'signal' });
    await untilStatus(home, 'api', 'running');
    expect(await delaysOf(home, 'api')).toEqual([]);
  });

  test('max_restarts unstable exits in a row make it fatal; reset and restart bring it back', async () => {
    const home = testHome();
    await startApps(home, [appOf('broken', 'crash-after.sh', { max_restarts: 3, args: ['0.05', '3'] })]);
    const dead = await untilStatus(home, 'broken', 'fatal');
    expect(dead).toMatchObject({ pm2Status: 'errored', pid: null, unstableRestarts: 3 });
    expect((await home.describe('broken')).counters).toMatchObject({ starts: 3, exits: { error_code: 3 } });
    await home.run(['restart', 'broken']);
    await untilExits(home, { app: 'broken', reason: 'error_code', count: 4 });
  });

  test('stop_exit_codes, autorestart and autostart keep it down', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('done', 'crash-after.sh', { args: ['0.05', '42'], stop_exit_codes: [42] }),
      appOf('once', 'crash-after.sh', { args: ['0.05', '1'], autorestart: false }),
      appOf('later', 'waits.sh', { autostart: false }),
    ]);
    expect(await untilStatus(home, 'done', 'exited')).toMatchObject({ pm2Status: 'stopped', lastExit: { code: 42 } });
    expect(await untilStatus(home, 'once', 'exited')).toMatchObject({ pm2Status: 'stopped', lastExit: { code: 1 } });
    expect(await home.instance('later')).toMatchObject({ status: 'stopped', generation: 0 });
  });

  test('restart_delay is kept to, exp_backoff_restart_delay grows by half', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('fixed', 'crash-after.sh', { args: ['0.05'], restart_delay: 1000 }),
      appOf('grows', 'crash-after.sh', { args: ['0.05'], exp_backoff_restart_delay: 50 }),
    ]);
    await untilExits(home, { app: 'grows', reason: 'error_code', count: 4 });
    const [first = 0, second = 0, third = 0] = await delaysOf(home, 'grows');
    for (const [delay, wanted] of [
      [first, 50],
      [second, 75],
      [third, 112.5],
    ] as const) {
      expect(delay).toBeGreaterThanOrEqual(Math.floor(wanted));
      expect(delay).toBeLessThanOrEqual(Math.ceil(wanted * 1.1));
    }
    await untilExits(home, { app: 'fixed', reason: 'error_code', count: 2 });
    expect((await delaysOf(home, 'fixed'))[0]).toBe(1000);
  });

  test('a process that never says ready is a failure, not a success', async () => {
    const home = testHome();
    const ready = { wait_ready: true, listen_timeout: 400 };
    const never = await startApps(home, [
      appOf('mute', 'needs-ready.cjs', { ...ready, max_restarts: 2, args: ['never'] }),
    ]);
    expect(never.code).toBe(1);
    expect((await untilStatus(home, 'mute', 'fatal')).lastExit).toMatchObject({ reason: 'ready_timeout' });
    expect((await home.describe('mute')).counters.exits.ready_timeout).toBe(2);
    const soon = await startApps(home, [
      appOf('soon', 'needs-ready.cjs', { ...ready, listen_timeout: 10_000, args: ['300'] }),
    ]);
    expect(soon).toMatchObject({ code: 0 });
    const { transitions } = await home.why('soon');
    expect(transitions.map(({ to }) => to)).toEqual(['starting', 'running']);
    expect(await home.metric('promvisor_instance_ready_duration_seconds_count', { app: 'soon' })).toBe(1);
  });

  test('cron restarts what runs and leaves what was stopped', async () => {
    const home = testHome();
    const everySecond = { cron_restart: '* * * * * *' };
    await startApps(home, [appOf('clock', 'waits.sh', everySecond), appOf('parked', 'waits.sh', everySecond)]);
    await home.ok(['stop', 'parked']);
    const before = (await home.describe('clock')).counters.restarts.cron;
    await until(async () => (await home.describe('clock')).counters.restarts.cron >= before + 2, {
      what: 'two cron restarts',
    });
    const parked = await home.instance('parked');
    expect(parked).toMatchObject({ status: 'stopped', pid: null });
    expect((await home.instance('clock')).lastExit).toMatchObject({ reason: 'cron' });
  });

  test('a cron restart that is due while the one before it is not over is counted as skipped; of a stopped app none is', async () => {
    const home = testHome();
    const everySecond = { cron_restart: '* * * * * *', kill_timeout: 3500 };
    await startApps(home, [appOf('slow', 'ignores-sigint.sh', everySecond), appOf('parked', 'waits.sh', everySecond)]);
    await home.ok(['stop', 'parked']);
    const parked = await home.metric('promvisor_cron_skipped_total', { app: 'parked' });
    const skipped = () => home.metric('promvisor_cron_skipped_total', { app: 'slow' });
    await until(async () => (await skipped()) >= 2, { what: 'two skipped restarts' });
    await until(async () => (await home.describe('slow')).counters.restarts.cron >= 1, { what: 'one that was not' });
    expect(await home.metric('promvisor_cron_skipped_total', { app: 'parked' })).toBe(parked);
    expect(parked).toBe(0);
  });

  test('a changed file restarts a watched app; an ignored one does not', async () => {
    const home = testHome();
    mkdirSync(path.join(home.work, 'src'));
    await startApps(home, [
      appOf('watched', 'waits.sh', { watch: ['src'], ignore_watch: ['ignored'], cwd: home.work }),
    ]);
    let round = 0;
    const touched = async () => {
      round += 1;
      home.write('src/code.txt', `${round}`);
      return (await home.describe('watched')).counters.restarts.watch > 0;
    };
    await until(touched, { what: 'restart by watch' });
    expect((await home.instance('watched')).lastExit).toMatchObject({ reason: 'watch' });
    await home.ok(['stop', 'watched']);
    home.write('src/code.txt', 'after the stop');
    expect(await home.instance('watched')).toMatchObject({ status: 'stopped' });
  });
});
