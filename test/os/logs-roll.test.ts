import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { openAppender } from '../../src/logs/appender.ts';
import { moveAway } from '../../src/logs/move-away.ts';
import { listRolled, listSegments, liveIndexPath, rolledPath } from '../../src/logs/segments.ts';
import { createSinkRegistry } from '../../src/logs/sink-registry.ts';
import { createTimeIndexWriter, readTimeIndex } from '../../src/logs/time-index.ts';
import { logsBench, runOn, startOn } from '../support/instance-logs.ts';
import { contentOf, rolling, wholeLog } from '../support/roll.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

/** The real clock, put forward in both its times. */
function leapingClock(startMs: number): Clock & { leap(ms: number): void; tick(): void } {
  let aheadMs = startMs - systemClock.wallMs();
  const timers = new Set<() => void>();
  return {
    nowMs: () => systemClock.nowMs() + aheadMs,
    wallMs: () => systemClock.wallMs() + aheadMs,
    after(delayMs, callback) {
      const run = () => {
        cancel();
        timers.delete(run);
        callback();
      };
      const cancel = systemClock.after(delayMs, run);
      timers.add(run);
      return () => {
        cancel();
        timers.delete(run);
      };
    },
    leap(ms) {
      aheadMs += ms;
    },
    tick() {
      for (const run of [...timers]) run();
    },
  };
}

function numbers(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}\n`).join('');
}

describe('by size', () => {
  test('no file above the size, no line lost, cut or moved, over many rolls', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: MIB }) });
    await runOn(logs, 'seq 1 1000000');
    const segments = listSegments(live);
    expect(segments.length).toBeGreaterThanOrEqual(7);
    expect(Math.max(...segments.map(({ bytes }) => bytes))).toBeLessThanOrEqual(MIB);
    expect(wholeLog(live)).toBe(numbers(1, 1_000_000));
    for (const segment of segments) expect(contentOf(segment).endsWith('\n')).toBe(true);
    expect(segments.map(({ seq }) => seq)).toEqual(segments.map((_, at) => at + 1));
    expect(logs.account().out).toMatchObject({ lines: 1_000_000, dropped: 0, writeErrors: 0 });
    expect(bench.rolled).toEqual(segments.slice(1).map(() => 'out'));
    expect(bench.problems).toEqual([]);
  });

  test('each file has the index of its own lines', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    await runOn(await bench.open({ roll: rolling({ maxSizeBytes: MIB }) }), 'seq 1 500000');
    let lastNs = 0n;
    for (const segment of listSegments(live)) {
      const index = readTimeIndex(segment.indexPath);
      expect(index?.seq).toBe(segment.seq);
      expect(index?.entries[0]?.offset).toBe(0);
      const content = contentOf(segment);
      for (const { offset, unixNs } of index?.entries ?? []) {
        expect(offset === 0 || content[offset - 1] === '\n').toBe(true);
        expect(unixNs).toBeGreaterThanOrEqual(lastNs);
        lastNs = unixNs;
      }
      expect(readdirSync(`${live}.d`).filter((name) => name !== 'runs').length).toBe(2 * listRolled(live).length + 1);
    }
  });

  test('a write that is larger than the size has a file of its own', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: 1024 }) });
    await runOn(logs, `echo first; sleep 0.1; head -c 5000 /dev/zero | tr '\\0' x; echo; sleep 0.1; echo last`);
    expect(listSegments(live).map(({ bytes }) => bytes)).toEqual([6, 5001, 5]);
  });

  test('instances that share a file roll it once, and give whole lines each in its order', async () => {
    const bench = logsBench();
    const ids = [0, 1, 2];
    const count = 30_000;
    const program = `awk 'BEGIN { for (i = 0; i < ${count}; i++) print ENVIRON["WHO"], i, "xxxxxxxxxxxxxxxxxxxxxxxx" }'`;
    const all = await Promise.all(ids.map(() => bench.open({ roll: rolling({ maxSizeBytes: MIB / 4 }) })));
    await Promise.all(all.map((logs, id) => runOn(logs, program, { WHO: `i${id}` })));
    const live = path.join(bench.folder, 'out.log');
    expect(bench.rolled.length).toBe(listRolled(live).length);
    const next = new Map(ids.map((id) => [`i${id}`, 0]));
    for (const line of wholeLog(live).trimEnd().split('\n')) {
      const [who = '', number, rest] = line.split(' ');
      expect([line, Number(number), rest]).toEqual([line, next.get(who), 'x'.repeat(24)]);
      next.set(who, Number(number) + 1);
    }
    expect([...next.values()]).toEqual(ids.map(() => count));
  });

  test('rules that change while the app runs hold from the next line on', async () => {
    let rules = rolling({ maxSizeBytes: 0 });
    const bench = logsBench({ roll: () => rules });
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open();
    await runOn(logs, 'seq 1 1000');
    rules = rolling({ maxSizeBytes: 1024 });
    await runOn(logs, 'echo next');
    expect(listSegments(live).map(contentOf)).toEqual([numbers(1, 1000), 'next\n']);
  });

  test('devices and pipes are not rolled and have no folder', async () => {
    const bench = logsBench();
    symlinkSync('/dev/null', path.join(bench.folder, 'out.log'));
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: 1024 }) });
    await runOn(logs, 'seq 1 10000');
    expect(existsSync(path.join(bench.folder, 'out.log.d'))).toBe(false);
    expect([bench.rolled, bench.problems]).toEqual([[], []]);
  });

  test('a link stays, and what it leads to is rolled', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    mkdirSync(path.join(bench.folder, 'elsewhere'));
    symlinkSync('elsewhere/real.log', live);
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: 64 * 1024 }) });
    await runOn(logs, 'seq 1 50000');
    expect(wholeLog(live)).toBe(numbers(1, 50_000));
    expect(listRolled(live).length).toBeGreaterThan(2);
    expect(readdirSync(path.join(bench.folder, 'elsewhere'))).toEqual(['real.log']);
  });
});

describe('by time', () => {
  const NOON = new Date(2031, 4, 5, 12, 30).getTime();
  const HOUR = 3_600_000;

  test.each([
    ['hourly', 29 * 60_000, 60_000],
    ['daily', 11 * HOUR, HOUR],
    ['0 13 * * *', 29 * 60_000, 60_000],
  ])('%s: before the first line after the time, and not before', async (frequency, before, after) => {
    // The first pattern of a process loads croner, and is in force a moment later.
    await import('croner');
    const clock = leapingClock(NOON);
    const bench = logsBench({ clock });
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open({ roll: rolling({ frequency }) });
    await runOn(logs, 'echo one');
    clock.leap(before);
    await runOn(logs, 'echo two');
    expect(listRolled(live)).toEqual([]);
    clock.leap(after);
    await runOn(logs, 'echo three');
    await runOn(logs, 'echo four');
    expect(listSegments(live).map(contentOf)).toEqual(['one\ntwo\n', 'three\nfour\n']);
  });

  test('also when nobody writes, but never an empty file', async () => {
    const clock = leapingClock(NOON);
    const bench = logsBench({ clock });
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open({ roll: rolling({ frequency: 'hourly' }) });
    await runOn(logs, 'echo one');
    clock.leap(HOUR);
    clock.tick();
    await until(() => listRolled(live).length === 1, { what: 'the file to be rolled' });
    clock.leap(HOUR);
    clock.tick();
    await runOn(logs, 'echo two');
    clock.leap(HOUR);
    await runOn(logs, 'echo three');
    expect(listSegments(live).map(contentOf)).toEqual(['one\n', 'two\n', 'three\n']);
  });

  test('a file of yesterday is rolled before the first line of today', async () => {
    const clock = leapingClock(NOON);
    const bench = logsBench({ clock });
    const live = path.join(bench.folder, 'out.log');
    writeFileSync(live, 'yesterday\n');
    utimesSync(live, (NOON - 24 * HOUR) / 1000, (NOON - 24 * HOUR) / 1000);
    await runOn(await bench.open({ roll: rolling({ frequency: 'daily' }) }), 'echo today');
    expect(listSegments(live).map(contentOf)).toEqual(['yesterday\n', 'today\n']);
  });
});

describe('a roll that cannot be done', () => {
  test('is counted and told, the file is appended to, and it is tried again later', async () => {
    const clock = leapingClock(systemClock.wallMs());
    let broken = true;
    const calls = {
      openAppender,
      moveAway(file: Parameters<typeof moveAway>[0]) {
        if (broken) throw Object.assign(new Error('EACCES: no'), { code: 'EACCES' });
        return moveAway(file);
      },
    };
    const bench = logsBench({ clock, sinks: createSinkRegistry(clock, { calls }) });
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: 64 * 1024 }) });
    await runOn(logs, 'seq 1 100000');
    expect(listRolled(live)).toEqual([]);
    expect(logs.account().out).toMatchObject({ dropped: 0, writeErrors: 1 });
    expect(bench.problems).toEqual([
      `${live}: expected to roll the log, got "EACCES: no"; it is appended to meanwhile`,
    ]);
    broken = false;
    await runOn(logs, 'echo still here');
    expect(listRolled(live)).toEqual([]);
    clock.leap(10_000);
    await runOn(logs, 'echo again');
    expect(listSegments(live).map(contentOf)).toEqual([`${numbers(1, 100_000)}still here\n`, 'again\n']);
  });

  test('a folder that is a file costs the rolling and the times, no line', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    writeFileSync(`${live}.d`, 'in the way');
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: 64 * 1024 }) });
    await runOn(logs, 'seq 1 50000');
    expect(bench.read('out.log')).toBe(numbers(1, 50_000));
    expect(logs.account().out).toMatchObject({ dropped: 0, writeErrors: 1 });
  });
});

describe('rotated from outside', () => {
  test('moved away: the next lines go to a new file of the name, with an index and a number of its own', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open();
    await runOn(logs, 'echo one');
    expect(listSegments(live).map(({ seq }) => seq)).toEqual([1]);
    renameSync(live, `${live}.1`);
    logs.reopen();
    await runOn(logs, 'echo two');
    expect([bench.read('out.log.1'), bench.read('out.log')]).toEqual(['one\n', 'two\n']);
    expect(readTimeIndex(liveIndexPath(live))).toMatchObject({ seq: 2, entries: [{ offset: 0 }] });
  });

  test('emptied (copytruncate): appended at the new end, the index begins anew', async () => {
    const clock = leapingClock(systemClock.wallMs());
    const bench = logsBench({ clock });
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open();
    await runOn(logs, 'seq 1 100000');
    truncateSync(live);
    clock.leap(1001);
    await runOn(logs, 'echo one');
    await until(
      async () => {
        await runOn(logs, 'echo more');
        return readTimeIndex(liveIndexPath(live))?.seq === 2;
      },
      { what: 'a new index' },
    );
    expect(bench.read('out.log')).toMatch(/^one\n(more\n)+$/);
    expect(readTimeIndex(liveIndexPath(live))?.entries[0]?.offset).toBeLessThan(1000);
  });

  test('a flush empties the live file under a new number', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    const logs = await bench.open();
    await runOn(logs, 'seq 1 1000');
    await logs.flush();
    await runOn(logs, 'echo after');
    expect(bench.read('out.log')).toBe('after\n');
    expect(readTimeIndex(liveIndexPath(live))).toMatchObject({ seq: 2, entries: [{ offset: 0 }] });
  });
});

describe('a daemon that comes back', () => {
  test('goes on with file, index and number', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    const first = await bench.open();
    await runOn(first, 'echo one');
    await first.close();
    const second = logsBench();
    const logs = await second.open({ outFile: live });
    await runOn(logs, 'echo two');
    expect(bench.read('out.log')).toBe('one\ntwo\n');
    expect(readTimeIndex(liveIndexPath(live))).toMatchObject({ seq: 1, entries: [{ offset: 0 }, { offset: 4 }] });
  });

  test('ends a roll that was cut off between its two steps', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    mkdirSync(`${live}.d`);
    const writer = createTimeIndexWriter(liveIndexPath(live), 4);
    writer.note(0, 42n);
    writer.close();
    writeFileSync(rolledPath(live, 4, '.log'), 'old\n');
    await runOn(await bench.open(), 'echo new');
    expect(readTimeIndex(rolledPath(live, 4, '.idx'))).toEqual({ seq: 4, entries: [{ offset: 0, unixNs: 42n }] });
    expect(readTimeIndex(liveIndexPath(live))).toMatchObject({ seq: 5, entries: [{ offset: 0 }] });
    expect(readFileSync(rolledPath(live, 4, '.log'), 'utf8')).toBe('old\n');
  });

  test('never takes the number of a file that is there', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    mkdirSync(`${live}.d`);
    writeFileSync(rolledPath(live, 7, '.log.gz'), 'not to be written over');
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: 1024 }) });
    const program = startOn(logs, 'seq 1 200; sleep 0.1; seq 1 200');
    await program.exited;
    await logs.settled();
    appendFileSync(live, '');
    expect(listRolled(live).map(({ seq }) => seq)).toEqual([7, 8]);
  });
});
