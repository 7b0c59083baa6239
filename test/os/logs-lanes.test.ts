import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InstanceLogs } from '../../src/logs/instance-logs.ts';
import { logsBench, runOn, startOn, testFolder, waitFor } from '../support/instance-logs.ts';
import { until } from '../support/until.ts';

const FIRST = ['0.err', '0.out'];
const BOTH = ['0.b.err', '0.b.out', '0.err', '0.out'];

const pipesIn = (folder: string) => readdirSync(folder).filter((name) => /\.(out|err)$/.test(name));
const pipeOf = (logs: InstanceLogs, generation: number) => path.basename(logs.pipesFor(generation).out);

/** Shell text that waits for a file, and the act that makes the file. It ends with the test, however that ends. */
function gate(): { readonly wait: string; open(): void } {
  const file = path.join(testFolder(), 'open');
  return { wait: waitFor(file), open: () => writeFileSync(file, '') };
}

describe('two processes of an instance at once', () => {
  test('halves of lines that come in turns make whole lines', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const [early, late] = [gate(), gate()];
    const old = startOn(logs, `printf 'old '; ${early.wait}; echo line; ${late.wait}; echo end of old`);
    await until(() => logs.account().out.bytes === 4, { what: 'half a line of the old' });
    await logs.prepareSecond();
    const next = startOn(logs, `printf 'new '; ${late.wait}; echo line; printf unfinished`);
    await until(() => logs.account().out.bytes === 8, { what: 'half a line of the new' });
    early.open();
    await until(() => logs.account().out.lines === 1, { what: 'the line of the old' });
    late.open();
    await Promise.all([old.exited, next.exited]);
    await until(() => logs.account().out.lines === 4, { what: 'all lines' });
    await logs.settled();
    const [first, ...rest] = bench.read('out.log').trimEnd().split('\n');
    expect(first).toBe('old line');
    expect(rest.sort()).toEqual(['end of old', 'new line', 'unfinished']);
    expect(bench.problems).toEqual([]);
  });

  test('a flood of each, in pieces of seven bytes, comes whole, in order and counted together', async () => {
    const bench = logsBench();
    const logs = await bench.open({ dateFormat: 'YYYY' });
    await logs.prepareSecond();
    const flood = (name: string) => `i=0; while [ $i -lt 3000 ]; do echo "${name} $i"; i=$((i+1)); done`;
    const writers = ['old', 'new'].map((name) => startOn(logs, `(${flood(name)}) | dd obs=7 2>/dev/null; echo x >&2`));
    await Promise.all(writers.map(({ exited }) => exited));
    await logs.settled();
    const lines = bench.read('out.log').trimEnd().split('\n');
    const textOf = (name: string) => lines.filter((line) => /^\d{4}: (.*)$/.exec(line)?.[1]?.startsWith(name)).length;
    expect([lines.length, textOf('old'), textOf('new')]).toEqual([6000, 3000, 3000]);
    for (const name of ['old', 'new']) {
      const numbers = lines.filter((line) => line.includes(name)).map((line) => Number(line.split(' ')[2]));
      expect(numbers).toEqual(Array.from({ length: 3000 }, (_, index) => index));
    }
    const bytes = 2 * Array.from({ length: 3000 }, (_, index) => `old ${index}\n`.length).reduce((a, b) => a + b);
    expect(logs.account()).toMatchObject({ out: { lines: 6000, bytes, dropped: 0, cut: 0 }, error: { lines: 2 } });
  });

  test('each has last words of its own', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await logs.prepareSecond();
    const end = gate();
    const old = startOn(logs, `echo old; echo why >&2; ${end.wait}; echo gone`);
    const next = startOn(logs, `echo new; printf half; ${end.wait}`);
    await until(() => logs.account().out.bytes === 12 && logs.account().error.bytes === 4, { what: 'words' });
    expect(logs.lastLines('out', 9, old.generation)).toEqual(['old']);
    expect(logs.lastLines('out', 9, next.generation)).toEqual(['new', 'half']);
    expect(logs.lastBytes('error', old.generation).toString()).toBe('why\n');
    expect(logs.lastBytes('error', next.generation).length).toBe(0);
    end.open();
    await Promise.all([old.exited, next.exited]);
    expect(logs.lastLines('out', 9, old.generation)).toEqual(['old', 'gone']);
    expect(logs.lastLines('out', 9, next.generation)).toEqual(['new', 'half']);
  });
});

describe('pipes of a process', () => {
  test('are one pair, however often it is restarted; the second is made when asked for', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    expect(pipesIn(bench.folder)).toEqual(FIRST);
    for (let turn = 0; turn < 3; turn++) await runOn(logs, 'echo line');
    expect(pipesIn(bench.folder)).toEqual(FIRST);
    await Promise.all([logs.prepareSecond(), logs.prepareSecond()]);
    await logs.prepareSecond();
    expect(pipesIn(bench.folder)).toEqual(BOTH);
    await runOn(logs, 'echo line');
    expect(bench.read('out.log')).toBe('line\n'.repeat(4));
  });

  test('are kept until its exit was seen, then used again, the first before the second', async () => {
    const logs = await logsBench().open();
    await logs.prepareSecond();
    expect([1, 2, 1, 2].map((generation) => pipeOf(logs, generation))).toEqual([
      '0.out',
      '0.b.out',
      '0.out',
      '0.b.out',
    ]);
    logs.drain(1);
    logs.drain(1);
    expect([2, 3].map((generation) => pipeOf(logs, generation))).toEqual(['0.b.out', '0.out']);
    logs.drain(1);
    logs.drain(2);
    logs.drain(3);
    expect([4, 5].map((generation) => pipeOf(logs, generation))).toEqual(['0.out', '0.b.out']);
  });

  test('take all that both say through reloads in a row', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await logs.prepareSecond();
    let wanted = '';
    let end = gate();
    let old = startOn(logs, `echo 0; ${end.wait}`);
    await until(() => logs.account().out.lines === 1, { what: 'the first line' });
    for (let turn = 1; turn <= 6; turn++) {
      wanted += `${turn - 1}\n`;
      const nextEnd = gate();
      const next = startOn(logs, `echo ${turn}; ${nextEnd.wait}`);
      await until(() => logs.account().out.lines === turn + 1, { what: `line ${turn}` });
      end.open();
      await old.exited;
      [old, end] = [next, nextEnd];
    }
    end.open();
    await old.exited;
    await logs.settled();
    expect(bench.read('out.log')).toBe(`${wanted}6\n`);
    expect(bench.problems).toEqual([]);
    expect(pipesIn(bench.folder)).toEqual(BOTH);
  });

  test('begin with a line of their own, also where a child has kept them open', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const end = gate();
    await startOn(logs, `(${end.wait}) & printf half`).exited;
    await runOn(logs, 'echo line');
    end.open();
    await until(() => logs.account().out.lines === 2, { what: 'both lines' });
    await logs.settled();
    expect(bench.read('out.log')).toBe('half\nline\n');
  });

  test('are shared, and that is told, where a second process comes without a second pair', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    expect([1, 2].map((generation) => pipeOf(logs, generation))).toEqual(['0.out', '0.out']);
    expect(bench.problems).toEqual([expect.stringMatching(/0\.out: process 2 shares the pipe with process 1/)]);
    logs.drain(1);
    expect(pipeOf(logs, 2)).toBe('0.out');
    expect(bench.problems.length).toBe(1);
  });

  test('go away with close, both pairs, what is in them written; also while the second is being made', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await logs.prepareSecond();
    const programs = ['one', 'two'].map((word) => startOn(logs, `printf ${word}; exec sleep 60`));
    await until(() => logs.account().out.bytes === 6, { what: 'the words' });
    await logs.close();
    expect(bench.read('out.log').trimEnd().split('\n').sort()).toEqual(['one', 'two']);
    expect(programs.every(({ pid }) => existsSync(`/proc/${pid}`))).toBe(true);
    const other = await bench.open();
    await Promise.all([other.prepareSecond(), other.close()]);
    await other.prepareSecond();
    expect(pipesIn(bench.folder)).toEqual([]);
  });

  test('that cannot be made are an error by name, and the next try may do', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const inTheWay = path.join(bench.folder, '0.b.out');
    mkdirSync(inTheWay);
    await expect(logs.prepareSecond()).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      message: expect.stringContaining(inTheWay),
    });
    rmdirSync(inTheWay);
    await logs.prepareSecond();
    expect(pipesIn(bench.folder)).toEqual(BOTH);
  });
});

describe('the last words of a process', () => {
  test('are there, and are its own, when the next one speaks in the same pipe already', async () => {
    const logs = await logsBench().open();
    const first = startOn(logs, 'echo first words >&2; exit 1');
    await first.exited;
    const second = startOn(logs, 'echo second words >&2; seq 1 20000 >&2');
    expect(logs.lastBytes('error', second.generation).length).toBe(0);
    await second.exited;
    expect(logs.lastLines('error', 5, first.generation)).toEqual(['first words']);
    expect(logs.lastLines('error', 2, second.generation)).toEqual(['19999', '20000']);
    const third = startOn(logs, 'exit 1');
    await third.exited;
    expect(logs.lastLines('error', 2, third.generation)).toEqual([]);
    expect(logs.lastLines('error', 1, second.generation)).toEqual(['20000']);
    const fourth = startOn(logs, 'echo fourth words >&2');
    await fourth.exited;
    expect(logs.lastLines('error', 2, fourth.generation)).toEqual(['fourth words']);
    expect(logs.lastLines('error', 1, second.generation)).toEqual(['20000']);
    expect(logs.lastLines('error', 1, first.generation)).toEqual([]);
  });

  test('that never was spawned are none, and its pipes are free', async () => {
    const logs = await logsBench().open();
    const first = startOn(logs, 'echo first');
    await first.exited;
    const failed = first.generation + 1000;
    logs.pipesFor(failed);
    expect(logs.lastLines('out', 5, failed)).toEqual([]);
    expect(logs.lastLines('out', 5, first.generation)).toEqual(['first']);
    logs.drain(failed);
    expect(pipeOf(logs, failed + 1)).toBe('0.out');
  });
});
