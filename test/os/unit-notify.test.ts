import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createNotifier } from '../../src/daemon/unit/notify.ts';
import { until } from '../support/until.ts';

interface Fake {
  readonly env: NodeJS.ProcessEnv;
  /** What the program was told, a line each. */
  said(): readonly string[];
  readonly problems: string[];
  readonly options: Omit<Parameters<typeof createNotifier>[0], 'env'>;
}

/** A `systemd-notify` that notes its socket and its words. */
function fake(exitCode = 0): Fake {
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const heard = path.join(folder, 'heard');
  writeFileSync(heard, '');
  const program = `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>'${heard}'\nexit ${exitCode}\n`;
  writeFileSync(path.join(folder, 'systemd-notify'), program, { mode: 0o755 });
  const problems: string[] = [];
  const error = (_data: object, message: string) => void problems.push(message);
  // Of the log only this is used.
  const log = { error } as unknown as Fake['options']['log'];
  return {
    env: { PATH: `${folder}:${process.env['PATH']}`, NOTIFY_SOCKET: '/run/notify' },
    said: () => readFileSync(heard, 'utf8').split('\n').slice(0, -1),
    problems,
    options: { clock: systemClock, log, status: () => '2 of 3 up' },
  };
}

describe('what systemd is told', () => {
  test('ready, then at twice the pace of the watchdog that it lives, then that it ends', async () => {
    const { env, options, said } = fake();
    const notifier = createNotifier({ env: Object.assign(env, { WATCHDOG_USEC: '100000' }), ...options });
    notifier.ready();
    await until(() => said().length >= 3, { what: 'two signs of life' });
    expect(said()[0]).toBe('/run/notify --ready --status=2 of 3 up');
    expect(said()[1]).toBe('/run/notify WATCHDOG=1 --status=2 of 3 up');
    notifier.stopping();
    await until(() => said().includes('/run/notify STOPPING=1 --status=stopping the apps'), { what: 'its end' });
  });

  test('nothing, where nobody listens or the watchdog is another’s', async () => {
    const mute = fake();
    createNotifier({ env: { PATH: mute.env['PATH'] }, ...mute.options }).ready();
    const other = fake();
    Object.assign(other.env, { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' });
    createNotifier({ env: other.env, ...other.options }).ready();
    await until(() => other.said().length > 0, { what: 'it is ready' });
    // Twenty-five times what the watchdog would take.
    const last = fake();
    createNotifier({ env: Object.assign(last.env, { WATCHDOG_USEC: '50000' }), ...last.options }).ready();
    await until(() => last.said().length > 1, { what: 'a sign of life of another' });
    expect(other.said()).toEqual(['/run/notify --ready --status=2 of 3 up']);
    expect(mute.said()).toEqual([]);
  });

  test('the variables are taken out of the environment, which the apps may see', () => {
    const { env, options } = fake();
    createNotifier({ env: Object.assign(env, { WATCHDOG_USEC: '1', WATCHDOG_PID: '1' }), ...options });
    expect(Object.keys(env)).toEqual(['PATH']);
  });

  test('a failure is logged', async () => {
    const { env, options, problems } = fake(1);
    createNotifier({ env, ...options }).ready();
    await until(() => problems.length > 0, { what: 'the problem in the log' });
    expect(problems).toEqual(['systemd could not be told how the daemon is']);
  });
});
