import { readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { listRolled, listSegments } from '../../src/logs/segments.ts';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { wholeLog } from '../support/roll.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const liveOf = (home: TestHome, app: string) => path.join(home.root, 'home/logs', `${app}-out.log`);

function numbers(count: number): string {
  return Array.from({ length: count }, (_, at) => `${at + 1}\n`).join('');
}

/** An app that counts, and ends. */
function counter(name: string, count: number, keys: Readonly<Record<string, unknown>> = {}) {
  const args = ['1', String(count)];
  return { name, script: '/usr/bin/seq', args, interpreter: 'none', autorestart: false, ...keys };
}

describe('rolled log files', () => {
  test('by a key of the app: counted, shown, and all lines in them', async () => {
    const home = testHome();
    await startApps(home, [counter('counts', 200_000, { max_size: '256K' })]);
    await untilStatus(home, 'counts', 'exited');
    const live = liveOf(home, 'counts');
    await until(() => wholeLog(live).endsWith('\n200000\n'), { what: 'all lines in the files' });
    expect(wholeLog(live)).toBe(numbers(200_000));
    const files = listSegments(live);
    expect(Math.max(...files.map(({ bytes }) => bytes))).toBeLessThanOrEqual(256 * 1024);
    const app = { app: 'counts' };
    expect(await home.metric('promvisor_log_rolls_total', { ...app, stream: 'out' })).toBe(files.length - 1);
    expect(await home.metric('promvisor_log_rolls_total', { ...app, stream: 'error' })).toBe(0);
    const bytesOf = (kind: string) => home.metric('promvisor_log_disk_bytes', { ...app, kind });
    expect(await bytesOf('live')).toBe(files.at(-1)?.bytes);
    const rolled = listRolled(live).reduce((sum, { bytes }) => sum + bytes, 0);
    await until(async () => (await bytesOf('rolled')) === rolled, { what: 'the bytes of the rolled files' });
    const { logFiles, logAccount } = await home.describe('counts');
    expect(logFiles.out).toEqual({ files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) });
    expect(logAccount.out).toMatchObject({ lines: 200_000, dropped: 0 });
    expect((await home.ok(['describe', 'counts'])).stdout).toContain(`${files.length} (`);
  });

  test('by a setting, and no more than are to be kept', async () => {
    const home = testHome({ PROMVISOR_LOGS_MAX_SIZE: '64K', PROMVISOR_LOGS_RETAIN: '2' });
    await startApps(home, [counter('counts', 200_000)]);
    await untilStatus(home, 'counts', 'exited');
    const live = liveOf(home, 'counts');
    await until(() => listRolled(live).length === 2 && home.log('counts').endsWith('200000\n'), {
      what: 'two to be left',
    });
    expect(numbers(200_000).endsWith(wholeLog(live))).toBe(true);
  });

  test('flush empties the live file and deletes them', async () => {
    const home = testHome({ PROMVISOR_LOGS_MAX_SIZE: '64K' });
    await startApps(home, [counter('counts', 100_000)]);
    const live = liveOf(home, 'counts');
    await until(() => home.log('counts').endsWith('100000\n'), { what: 'all lines' });
    expect(listRolled(live).length).toBeGreaterThan(1);
    await home.ok(['flush', 'counts']);
    expect([listRolled(live), home.log('counts')]).toEqual([[], '']);
  });
});

describe('logs that are rotated from outside', () => {
  test.each(['reloadLogs', 'SIGUSR2'])('%s: new lines go to new files of the names', async (how) => {
    const home = testHome();
    await startApps(home, [appOf('talks', 'says-signals.cjs')]);
    await until(() => home.log('talks').includes('ready'), { what: 'ready' });
    const live = liveOf(home, 'talks');
    renameSync(live, `${live}.1`);
    if (how === 'reloadLogs') {
      expect((await home.ok(['reloadLogs'])).stdout).toContain('log files anew');
    } else process.kill((await home.ping()).pid, 'SIGUSR2');
    const hears = async () => {
      await home.ok(['sendSignal', 'SIGUSR2', 'talks']);
      return home.log('talks').includes('got SIGUSR2');
    };
    await until(hears, { what: 'a line in the new file' });
    expect(readFileSync(`${live}.1`, 'utf8')).toContain('ready');
    expect(home.log('talks')).not.toContain('ready');
  });
});
