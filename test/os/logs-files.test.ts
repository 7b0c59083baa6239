import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { createWriteQueue, type WriteQueue, type Writer } from '../../src/logs/write-queue.ts';
import { AS_SET } from '../support/fleet-source.ts';
import { logsBench, runOn } from '../support/instance-logs.ts';
import { until } from '../support/until.ts';

/** The real clock, with a monotonic time that can be put forward. */
function leapingClock(): Clock & { leap(ms: number): void } {
  let aheadMs = 0;
  return {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + aheadMs,
    leap(ms) {
      aheadMs += ms;
    },
  };
}

/** A writer that nobody listens to. */
function silentWriter(): Writer {
  const silent = () => {};
  const owner = { onDropped: silent, onWriteError: silent, onProblem: silent, onRolled: silent, roll: () => AS_SET };
  return { owner, pendingBytes: 0, writtenBytes: 0 };
}

function nextOf(queue: WriteQueue): Buffer | null {
  const entry = queue.peek();
  if (entry !== null) queue.handOver();
  return entry?.chunk ?? null;
}

/** What the descriptors of this process stand for: proc_pid_fd(5). */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor of the listing itself is gone by now.
      return [];
    }
  });
}

describe('files', () => {
  test('are opened with the first line, their folder made when missing', async () => {
    const bench = logsBench();
    const logs = await bench.open({ outFile: 'deep/er/out.log' });
    expect(existsSync(path.join(bench.folder, 'deep'))).toBe(false);
    await runOn(logs, 'echo hello');
    expect(bench.read('deep/er/out.log')).toBe('hello\n');
    expect(existsSync(path.join(bench.folder, 'error.log'))).toBe(false);
    expect(bench.problems).toEqual([]);
  });

  test('are appended to', async () => {
    const bench = logsBench();
    writeFileSync(path.join(bench.folder, 'out.log'), 'from before\n');
    await runOn(await bench.open(), 'echo new');
    expect(bench.read('out.log')).toBe('from before\nnew\n');
  });

  test.each([
    [true, 'out.log', 'plain'],
    [false, 'out-0.log', 'plain-0'],
  ])('have the id in their names unless merged (merge %s)', async (merge, out, error) => {
    const bench = logsBench();
    const logs = await bench.open({ merge, errorFile: 'plain' });
    const inFolder = (name: string) => path.join(bench.folder, name);
    expect(logs.files()).toEqual({ out: inFolder(out), error: inFolder(error), combined: null });
    await runOn(logs, 'echo one; echo two >&2');
    expect([bench.read(out), bench.read(error)]).toEqual(['one\n', 'two\n']);
  });

  test('are closed when the logs are, with everything in them', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await runOn(logs, 'seq 1 1000; echo two >&2');
    const inFolder = () => openFiles().filter((file) => file.startsWith(bench.folder));
    expect(inFolder().filter((file) => file.endsWith('.log')).length).toBe(2);
    await logs.close();
    expect(inFolder().filter((file) => file.endsWith('.log'))).toEqual([]);
    await until(() => inFolder().length === 0, { what: 'the pipes to be closed' });
  });

  test('a combined file gets both streams, beside their own', async () => {
    const bench = logsBench();
    await runOn(await bench.open({ combinedFile: 'all.log' }), 'echo one; echo two >&2');
    expect(bench.read('all.log').split('\n').sort()).toEqual(['', 'one', 'two']);
    expect([bench.read('out.log'), bench.read('error.log')]).toEqual(['one\n', 'two\n']);
  });

  test('both streams may share one file', async () => {
    const bench = logsBench();
    await runOn(await bench.open({ errorFile: 'out.log' }), 'echo one; echo two >&2');
    expect(bench.read('out.log').split('\n').sort()).toEqual(['', 'one', 'two']);
  });

  test.each([null, '/dev/null'])('%s: read, counted and thrown away', async (outFile) => {
    const bench = logsBench();
    const logs = await bench.open({ outFile });
    const { generation } = await runOn(logs, 'echo one; echo two');
    expect(logs.account().out).toMatchObject({ lines: 2, bytes: 8, dropped: 0 });
    expect(logs.lastLines('out', 5, generation)).toEqual(['one', 'two']);
    expect(logs.files().out).toBeNull();
  });

  test('instances that share a file give whole lines, each in its order', async () => {
    const bench = logsBench();
    const ids = [0, 1, 2, 3, 4];
    const count = 20_000;
    const program = `awk 'BEGIN { for (i = 0; i < ${count}; i++) print ENVIRON["WHO"], i, "xxxxxxxxxxxxxxxxxxxxxxxx" }'`;
    const all = await Promise.all(ids.map(() => bench.open()));
    await Promise.all(all.map((logs, id) => runOn(logs, program, { WHO: `i${id}` })));
    const next = new Map(ids.map((id) => [`i${id}`, 0]));
    for (const line of bench.read('out.log').trimEnd().split('\n')) {
      const [who = '', number, rest] = line.split(' ');
      expect([line, Number(number), rest]).toEqual([line, next.get(who), 'x'.repeat(24)]);
      next.set(who, Number(number) + 1);
    }
    expect([...next.values()]).toEqual(ids.map(() => count));
    expect(all.map((logs) => logs.account().out.dropped)).toEqual(ids.map(() => 0));
  });
});

describe('a file that cannot be written', () => {
  test('costs lines, which are counted and reported once; the app goes on, and so does the file when it can', async () => {
    const clock = leapingClock();
    const bench = logsBench({ clock });
    const target = path.join(bench.folder, 'out.log');
    symlinkSync('/dev/full', target);
    const logs = await bench.open();
    await runOn(logs, 'echo one; echo two');
    await runOn(logs, 'echo three; echo said >&2');
    expect(logs.account().out).toMatchObject({
      lines: 3,
      dropped: 3,
      droppedBy: { disk_error: 3, buffer_full: 0, retention_unshipped: 0 },
    });
    expect(logs.account().out.writeErrors).toBeGreaterThan(0);
    expect(logs.account().error).toMatchObject({ lines: 1, dropped: 0, writeErrors: 0 });
    expect(bench.read('error.log')).toBe('said\n');
    expect(bench.problems).toEqual([expect.stringMatching(/out\.log: expected to write the log, got "ENOSPC/)]);

    unlinkSync(target);
    clock.leap(1000);
    await runOn(logs, 'echo four');
    expect(bench.read('out.log')).toBe('four\n');
    expect(logs.account().out.dropped).toBe(3);
    expect(bench.problems.slice(1)).toEqual([`${target}: is written again, 3 lines were dropped`]);
  });

  test.each([
    ['its folder is a file', 'EEXIST|ENOTDIR', (target: string) => writeFileSync(path.dirname(target), '')],
    ['it is a folder', 'EISDIR', (target: string) => mkdirSync(target, { recursive: true })],
  ])('%s: counted and reported, the app ends well', async (_what, code, spoil) => {
    const bench = logsBench();
    spoil(path.join(bench.folder, 'sub/out.log'));
    const logs = await bench.open({ outFile: 'sub/out.log' });
    await runOn(logs, 'echo one; exit 0');
    expect(logs.account().out).toMatchObject({ lines: 1, dropped: 1, writeErrors: 1 });
    expect(bench.problems).toEqual([expect.stringMatching(new RegExp(`sub/out\\.log.*(${code})`))]);
  });

  test('a burst onto a full disk holds nobody up', async () => {
    const bench = logsBench();
    symlinkSync('/dev/full', path.join(bench.folder, 'out.log'));
    const logs = await bench.open();
    await runOn(logs, 'yes 0123456789 | head -n 200000');
    expect(logs.account().out).toMatchObject({ lines: 200_000, dropped: 200_000 });
    expect(bench.problems.length).toBe(1);
  });
});

describe('a file that others touch', () => {
  test('reopening goes on under the name, and no line is in neither file or in both', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const target = path.join(bench.folder, 'out.log');
    await runOn(logs, 'echo one');
    const going = runOn(logs, 'seq 1 50000');
    await until(() => logs.account().out.lines > 5000, { what: 'lines' });
    renameSync(target, `${target}.1`);
    logs.reopen();
    await going;
    await runOn(logs, 'echo last');
    const first = bench.read('out.log.1');
    const second = bench.read('out.log');
    expect(first.endsWith('\n')).toBe(true);
    expect(`${first}${second}`).toBe(
      `one\n${Array.from({ length: 50_000 }, (_, index) => index + 1).join('\n')}\nlast\n`,
    );
  });

  test('removed with its folder, it is made again and that is reported', async () => {
    const clock = leapingClock();
    const bench = logsBench({ clock });
    const logs = await bench.open({ outFile: 'sub/out.log' });
    await runOn(logs, 'echo one');
    rmSync(path.join(bench.folder, 'sub'), { recursive: true });
    const problem = `${path.join(bench.folder, 'sub/out.log')}: was removed, it is made again`;
    await until(
      async () => {
        clock.leap(1000);
        await runOn(logs, 'echo more');
        return existsSync(path.join(bench.folder, 'sub/out.log'));
      },
      { what: 'the file' },
    );
    expect(bench.problems).toEqual([problem]);
    expect(bench.read('sub/out.log')).toMatch(/^(more\n)+$/);
  });

  test('renamed with a new one in its place, it goes on in the new one without being told', async () => {
    const clock = leapingClock();
    const bench = logsBench({ clock });
    const logs = await bench.open();
    const target = path.join(bench.folder, 'out.log');
    await runOn(logs, 'echo one');
    renameSync(target, `${target}.1`);
    writeFileSync(target, '');
    await until(
      async () => {
        clock.leap(1000);
        await runOn(logs, 'echo more');
        return bench.read('out.log') !== '';
      },
      { what: 'the new file' },
    );
    expect(bench.problems).toEqual([]);
  });

  test('flush empties it, and later lines are there', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await runOn(logs, 'seq 1 20000; echo two >&2');
    await logs.flush();
    expect([bench.read('out.log'), bench.read('error.log')]).toEqual(['', '']);
    await runOn(logs, 'echo after');
    expect(bench.read('out.log')).toBe('after\n');
    expect(logs.positions()).toMatchObject({ out: { offset: 6 }, error: { offset: 0 } });
  });

  test('flush works before the first line, and without a file', async () => {
    const bench = logsBench();
    const logs = await bench.open({ errorFile: null });
    writeFileSync(path.join(bench.folder, 'out.log'), 'old\n');
    await logs.flush();
    expect(bench.read('out.log')).toBe('');
  });

  test('positions count what is taken but not yet on disk', async () => {
    const bench = logsBench();
    writeFileSync(path.join(bench.folder, 'out.log'), 'old\n');
    const logs = await bench.open({ errorFile: null });
    expect(logs.positions()).toEqual({ out: { seq: 1, offset: 4 }, error: null });
    const seen: number[] = [];
    bench.fanout.subscribe(
      () => true,
      () => seen.push(logs.positions().out?.offset ?? -1) > 0,
      () => {},
    );
    await runOn(logs, 'echo one');
    await runOn(logs, 'echo two');
    // The listener is told when the line is in its file.
    expect([...seen, logs.positions().out?.offset]).toEqual([8, 12, 12]);
  });
});

describe('a disk that fills in the middle of a line', () => {
  test('loses what does not fit, counted line by line, and knows that the file ends torn', () => {
    const writer = silentWriter();
    const queue = createWriteQueue();
    queue.add(Buffer.from('one\ntwo\nthree\n'), 3, writer);
    queue.add(Buffer.from('four\n'), 1, writer);
    expect([String(nextOf(queue)), String(nextOf(queue)), nextOf(queue)]).toEqual([
      'one\ntwo\nthree\n',
      'four\n',
      null,
    ]);
    queue.written(6);
    expect([queue.pendingBytes(), queue.handedBytes(), writer.writtenBytes]).toEqual([13, 13, 6]);
    const dropped = queue.dropAll();
    expect([dropped.lines, dropped.byWriter.get(writer), dropped.torn]).toEqual([3, 3, true]);
    expect([queue.pendingBytes(), queue.settledBytes(), writer.pendingBytes]).toEqual([0, 19, 0]);
    queue.add(Buffer.from('five\n'), 1, writer);
    queue.addNewlineFirst();
    expect([String(nextOf(queue)), String(nextOf(queue))]).toEqual(['\n', 'five\n']);
  });

  test('is not torn where the last line is whole', () => {
    const writer = silentWriter();
    const queue = createWriteQueue();
    queue.add(Buffer.from('one\ntwo\n'), 2, writer);
    nextOf(queue);
    queue.written(4);
    expect(queue.dropAll()).toMatchObject({ lines: 1, torn: false });
  });
});
