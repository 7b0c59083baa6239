import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createPump } from '../../src/logs/pump.ts';
import type { LogRecord } from '../../src/logs/record.ts';
import { makeFifos, openForChild, openForReading } from '../../src/os/pipes.ts';
import { logsBench, runOn, startOn, stuckSinks, testFolder, waitFor } from '../support/instance-logs.ts';
import { until } from '../support/until.ts';

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('');

describe('an instance', () => {
  test('keeps every line of both streams in order, in a burst', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await runOn(logs, 'seq 1 300000 & seq 300001 600000 >&2; wait');
    expect(bench.read('out.log') === numbers(1, 300_000)).toBe(true);
    expect(bench.read('error.log') === numbers(300_001, 600_000)).toBe(true);
    const { out, error } = logs.account();
    expect([out.lines, out.bytes]).toEqual([300_000, numbers(1, 300_000).length]);
    expect(error).toMatchObject({ lines: 300_000, dropped: 0, cut: 0, writeErrors: 0 });
  });

  test('stamps whole lines only', async () => {
    const bench = logsBench();
    await runOn(await bench.open({ dateFormat: 'YYYY-MM-DDTHH:mm:ss.SSS' }), 'seq 1 100000');
    const lines = bench.read('out.log').trimEnd().split('\n');
    expect(
      lines.every(
        (line, index) => /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}: \d+$/.test(line) && line.endsWith(`: ${index + 1}`),
      ),
    ).toBe(true);
    expect(lines.length).toBe(100_000);
  });

  test('keeps text and garbage byte by byte, however it is written', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const source = path.join(bench.folder, 'source');
    const text = 'äöü €uro 😀 日本語\n';
    await runOn(logs, `i=0; while [ $i -lt 2000 ]; do printf '%s' "$TEXT"; i=$((i+1)); done | dd obs=7 2>/dev/null`, {
      TEXT: text,
    });
    expect(bench.read('out.log') === text.repeat(2000)).toBe(true);
    await logs.flush();
    await runOn(logs, `head -c 500000 /dev/urandom > "$SOURCE"; echo >> "$SOURCE"; cat "$SOURCE"`, { SOURCE: source });
    expect(readFileSync(path.join(bench.folder, 'out.log')).equals(readFileSync(source))).toBe(true);
  });

  test('cuts a line of a megabyte, says so, and keeps the lines around it', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await runOn(logs, "echo before; head -c 1048576 /dev/zero | tr '\\0' y; echo; echo after");
    expect(bench.read('out.log')).toBe(`before\n${'y'.repeat(262_144)} ...[cut]\nafter\n`);
    expect(logs.account().out).toMatchObject({ lines: 3, bytes: 7 + 1_048_577 + 6, cut: 1 });
  });

  test('has the last words of each process, and all lines of processes that come and go', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    let expected = '';
    for (let turn = 0; turn < 40; turn++) {
      const program = startOn(logs, `echo "start ${turn}"; seq 1 ${turn * 40}; printf 'end ${turn}'; exit 1`);
      await program.exited;
      // No wait between the death and the look: this is what `drain` is for.
      expect(logs.lastLines('out', 1, program.generation)).toEqual([`end ${turn}`]);
      expected += `start ${turn}\n${turn === 0 ? '' : numbers(1, turn * 40)}end ${turn}\n`;
    }
    await logs.settled();
    expect(bench.read('out.log')).toBe(expected);
    expect(bench.problems).toEqual([]);
  });

  test('keeps what a child of the process says after the process is gone', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const folder = testFolder();
    const line = `(${waitFor(path.join(folder, 'go'))}; echo late) & echo early`;
    await startOn(logs, line).exited;
    await runOn(logs, `echo next; touch "${folder}/go"`);
    await until(() => logs.account().out.lines === 3, { what: 'the late line' });
    await logs.settled();
    expect(bench.read('out.log')).toBe('early\nnext\nlate\n');
  });

  test('an unfinished line is not written while more may come', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const folder = testFolder();
    const program = startOn(
      logs,
      `echo whole; printf half; ${waitFor(path.join(folder, 'go'))}; printf 'half\\n'; seq 1 3`,
    );
    await until(() => logs.account().out.bytes === 10, { what: 'the half' });
    await logs.settled();
    expect(bench.read('out.log')).toBe('whole\n');
    expect(logs.lastBytes('out', program.generation).toString()).toBe('whole\nhalf');
    expect(logs.lastLines('out', 9, program.generation)).toEqual(['whole', 'half']);
    await runOn(await bench.open({ outFile: null }), `touch "${folder}/go"`);
    await program.exited;
    await logs.settled();
    expect(bench.read('out.log')).toBe('whole\nhalfhalf\n1\n2\n3\n');
  });

  test('close writes what is left, unfinished lines too, and removes the pipes', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const program = startOn(logs, 'seq 1 5000; printf unfinished; exec sleep 60');
    const said = `${numbers(1, 5000)}unfinished`;
    await until(() => logs.account().out.bytes === said.length, { what: 'all that it says' });
    await logs.close();
    expect(bench.read('out.log')).toBe(`${said}\n`);
    expect(readdirSync(bench.folder).sort()).toEqual(['out.log', 'out.log.d']);
    expect(existsSync(`/proc/${program.pid}`)).toBe(true);
  });

  test('without its pipes a spawn is refused by name', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    await logs.close();
    expect(() => logs.openForSpawn(1)).toThrow(
      expect.objectContaining({ code: 'START_FAILED', message: expect.stringMatching(/0\.out: expected to open/) }),
    );
  });
});

describe('back-pressure', () => {
  test('a sink that is stuck stops the app in its pipe, not the memory of the daemon', async () => {
    const sinks = stuckSinks();
    const bench = logsBench({ sinks });
    const logs = await bench.open();
    const before = process.memoryUsage().arrayBuffers;
    const program = startOn(logs, 'seq 1 3000000');
    const blocked = () => readFileSync(`/proc/${program.pid}/status`, 'utf8').includes('State:\tS');
    let seen = -1;
    await until(
      () => {
        const { bytes } = logs.account().out;
        const still = bytes > 0 && bytes === seen && blocked();
        seen = bytes;
        return still;
      },
      { what: 'the app to block' },
    );
    expect(seen).toBeLessThanOrEqual(128 * 1024);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576);
    sinks.letGo();
    await program.exited;
    expect(Buffer.concat(sinks.taken).equals(Buffer.from(numbers(1, 3_000_000)))).toBe(true);
  });

  test('a sink that is stuck stops both processes of an instance, also one whose pipes come later', async () => {
    const sinks = stuckSinks();
    const bench = logsBench({ sinks });
    const [logs, other] = [await bench.open(), await bench.open({ outFile: null })];
    const old = startOn(logs, 'seq 1 100000');
    await until(() => sinks.taken.length > 0, { what: 'the sink to be stuck' });
    await logs.prepareSecond();
    const said = path.join(bench.folder, 'said');
    const next = startOn(logs, `echo 0; touch "${said}"; seq 1 100000`);
    await until(() => existsSync(said), { what: 'the line to be in the pipe' });
    // Its reader would have been told before.
    await runOn(other, 'echo line');
    expect(logs.lastBytes('out', next.generation).length).toBe(0);
    expect(logs.account().out.bytes).toBeLessThanOrEqual(128 * 1024);
    sinks.letGo();
    await Promise.all([old.exited, next.exited]);
    await until(() => logs.account().out.lines === 200_001, { what: 'all lines' });
    const sum = Buffer.concat(sinks.taken)
      .toString()
      .trimEnd()
      .split('\n')
      .reduce((total, line) => total + Number(line), 0);
    expect(sum).toBe(2 * 5_000_050_000);
  });

  test('the death of a process shows its last words even while the sink is stuck', async () => {
    const sinks = stuckSinks();
    const logs = await logsBench({ sinks }).open();
    const one = startOn(logs, 'echo one; seq 1 9000; echo last >&2');
    await one.exited;
    const two = startOn(logs, 'echo two; echo words');
    await two.exited;
    expect(logs.lastLines('out', 9, two.generation)).toEqual(['two', 'words']);
    expect(logs.lastLines('error', 1, two.generation)).toEqual([]);
    expect(logs.lastLines('error', 1, one.generation)).toEqual(['last']);
    sinks.letGo();
  });
});

describe('a pipe outlives its reader', () => {
  test('what is written while nobody reads is there for the next reader', async () => {
    const pipe = path.join(testFolder(), 'pipe');
    await makeFifos([pipe]);
    let read = '';
    const newPump = () =>
      createPump({
        path: pipe,
        openForReading,
        onBytes: (piece) => {
          read += piece.toString('latin1');
        },
        onEnd() {},
        onProblem(message) {
          throw new Error(message);
        },
      });
    const bench = logsBench();
    const folder = bench.folder;
    const other = await bench.open({ outFile: null, errorFile: null });
    const writerEnd = openForChild(pipe);
    const program = startOn(
      { ...other, openForSpawn: () => ({ out: writerEnd, error: openForChild(pipe) }), drain() {} },
      `seq 1 100; ${waitFor(path.join(folder, 'gone'))}; seq 101 400000; touch "${folder}/done"`,
    );
    const first = newPump();
    first.start();
    await until(() => read === numbers(1, 100), { what: 'the first lines' });
    first.stop();
    await runOn(other, `touch "${folder}/gone"`);
    // The writer fills the pipe and waits.
    await until(() => readFileSync(`/proc/${program.pid}/status`, 'utf8').includes('State:\tS'), { what: 'a wait' });
    const second = newPump();
    onTestFinished(() => second.stop());
    second.start();
    await until(() => existsSync(path.join(folder, 'done')), { what: 'the end' });
    second.drain();
    expect(read === numbers(1, 400_000)).toBe(true);
  });
});

describe('listeners', () => {
  test('get the lines of the instances they want, with who said them', async () => {
    const bench = logsBench();
    const [wanted, other] = [await bench.open({ dateFormat: 'YYYY' }), await bench.open({ outFile: null })];
    const records: LogRecord[] = [];
    const end = bench.fanout.subscribe(
      (id) => id === 0,
      (record) => records.push(record) > 0,
      () => {},
    );
    await runOn(wanted, "echo one; echo; printf '\\377x\\n'; echo two >&2");
    await runOn(other, 'echo other');
    const about = { type: 'line', id: 0, app: 'web', slot: 0, atMs: expect.any(Number) };
    expect(records.filter(({ stream }) => stream === 'out')).toEqual(
      ['one', '', '\ufffdx'].map((text) => ({ ...about, stream: 'out', text })),
    );
    expect(records.filter(({ stream }) => stream === 'error')).toEqual([{ ...about, stream: 'error', text: 'two' }]);
    end();
    await runOn(wanted, 'echo more');
    expect(records.length).toBe(4);
  });

  test('one that is full is cut off, told once, and holds up nobody', async () => {
    const bench = logsBench();
    const logs = await bench.open();
    const slow: string[] = [];
    let fast = 0;
    let told = 0;
    bench.fanout.subscribe(
      () => true,
      ({ text }) => slow.push(text) < 100,
      () => told++,
    );
    bench.fanout.subscribe(
      () => true,
      () => ++fast > 0,
      () => told++,
    );
    await runOn(logs, 'seq 1 5000');
    expect([slow.length, fast, told]).toEqual([100, 5000, 1]);
    expect(bench.read('out.log')).toBe(numbers(1, 5000));
  });
});
