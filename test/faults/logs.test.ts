import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listSegments } from '../../src/logs/segments.ts';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
const DISK_MIB = 20;

/** A file system of 20 MB, or null where this user may not mount one. */
function smallDisk(home: TestHome): string | null {
  const folder = path.join(home.root, 'disk');
  mkdirSync(folder);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder]);
  if (status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
  return folder;
}

const WHOLE = /^line \d{8} x{81} end$/;

describe('a disk that is full', () => {
  test('/dev/full: apps run on, memory stays flat, every line is counted as dropped', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('full', 'prints-lines.cjs', { out_file: '/dev/full', args: ['100000'], autorestart: false }),
    ]);
    await untilStatus(home, 'full', 'exited');
    const series = { app: 'full', stream: 'out' };
    await until(async () => (await home.metric('promvisor_log_lines_total', series)) === 100_000, {
      what: 'all lines read',
    });
    const lost = () => home.metric('promvisor_log_dropped_lines_total', { ...series, reason: 'disk_error' });
    await until(async () => (await lost()) === 100_000, { what: 'all lines counted as dropped' });
    expect(await home.instance('full')).toMatchObject({ lastExit: { reason: 'clean' } });
    expect((await home.describe('full')).logAccount.out).toMatchObject({ lines: 100_000, dropped: 100_000 });
    expect((await home.ok(['describe', 'full'])).stdout).toContain('100000 dropped');
  });

  test('20 MB: with rolling the app goes on, drops are counted, and all is well again when there is room', async (context) => {
    const home = testHome({ PROMVISOR_LOGS_COMPRESS: 'false' });
    const disk = smallDisk(home);
    context.skip(disk === null, 'needs the right to mount a tmpfs');
    if (disk === null) return;
    const out = path.join(disk, 'out.log');
    const keys = { out_file: out, max_size: '4M', retain: 100 };
    await startApps(home, [appOf('floods', 'floods-marked.cjs', keys), appOf('calm', 'counts-on.cjs')]);
    const series = { app: 'floods', stream: 'out' };
    const dropped = () => home.metric('promvisor_log_dropped_lines_total', { ...series, reason: 'disk_error' });
    const lines = () => home.metric('promvisor_log_lines_total', series);
    // Faster than the app does it.
    writeFileSync(path.join(disk, 'ballast'), Buffer.alloc((DISK_MIB - 6) * MIB));
    await until(async () => (await dropped()) > 10_000, { what: 'lines dropped', timeoutMs: 50_000 });
    const rss = await home.metric('process_resident_memory_bytes', {});
    const before = await lines();
    await until(async () => (await lines()) > before + 20_000, { what: 'the app to go on' });
    expect((await home.metric('process_resident_memory_bytes', {})) - rss).toBeLessThan(30 * MIB);
    expect(await home.instance('floods')).toMatchObject({ status: 'running', restarts: 0 });
    expect(
      await home.metric('promvisor_log_dropped_lines_total', { app: 'calm', stream: 'out', reason: 'disk_error' }),
    ).toBe(0);

    rmSync(path.join(disk, 'ballast'));
    const isWritten = async () => {
      const [seen, written] = [await lines(), listSegments(out).reduce((sum, { bytes }) => sum + bytes, 0)];
      await until(async () => (await lines()) > seen + 10_000, { what: 'more lines' });
      return listSegments(out).reduce((sum, { bytes }) => sum + bytes, 0) > written;
    };
    await until(isWritten, { what: 'the log to grow again' });
    await home.ok(['stop', 'floods']);
    const { out: account } = (await home.describe('floods')).logAccount;
    const whole = listSegments(out)
      .map(({ path: file }) => readFileSync(file, 'utf8'))
      .join('');
    // A line that the full disk cut in its middle ends with a newline, and is counted as dropped.
    const told = whole.split('\n').filter((line) => line !== '');
    const numbersSeen = told.filter((line) => WHOLE.test(line)).map((line) => Number(line.slice(5, 13)));
    // The signal may have ended the app in the middle of a write: its last words are a line too.
    const cutByEnd = WHOLE.test(told.at(-1) ?? '') ? 0 : 1;
    expect(numbersSeen.findIndex((number, at) => number <= (numbersSeen[at - 1] ?? 0))).toBe(-1);
    expect(numbersSeen.length + account.dropped + cutByEnd).toBe(account.lines);
    expect(listSegments(out).length).toBeGreaterThan(1);
  });
});
