import { closeSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { openAppender } from '../../src/logs/appender.ts';
import { moveAway } from '../../src/logs/move-away.ts';
import { createPump } from '../../src/logs/pump.ts';
import { createRhythm, type Look } from '../../src/logs/rhythm.ts';
import { createSinkRegistry } from '../../src/logs/sink-registry.ts';
import { makeFifos, openForChild, openForReading } from '../../src/os/pipes.ts';
import { logsBench, runOn, testFolder } from '../support/instance-logs.ts';
import { until } from '../support/until.ts';

/** A clock that stands still until it is told: `tick` runs what is due after so many milliseconds. */
function handClock(): Clock & { tick(ms: number): void; timers(): number } {
  let nowMs = 0;
  let timers: { atMs: number; callback: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    wallMs: () => 1_000_000 + nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    tick(ms) {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { callback } of due) callback();
    },
    timers: () => timers.length,
  };
}

describe('the rhythm', () => {
  function followed() {
    const clock = handClock();
    const looks: Look[] = [];
    const seen: string[] = [];
    const follower = createRhythm(clock).follow({
      look() {
        seen.push('look');
        return looks.shift() ?? 'nothing';
      },
      leave: () => void seen.push('leave'),
    });
    /** Pieces of 100 bytes, so far apart; whether the last one was of a steady flow. */
    const reads = (count: number, apartMs: number, bytes = 100) => {
      let is = false;
      for (let at = 0; at < count; at++) {
        clock.tick(apartMs);
        is = follower.hasRead(bytes);
      }
      return is;
    };
    return { clock, looks, seen, follower, reads };
  }

  test('takes a pipe that gets a little all the time, and no other', () => {
    expect(followed().reads(4, 20)).toBe(false);
    expect(followed().reads(5, 20)).toBe(true);
    expect(followed().reads(50, 100)).toBe(false);
    expect(followed().reads(50, 20, 64 * 1024)).toBe(false);
  });

  test('looks at it until it has been empty for a while; then no timer is left', () => {
    const { clock, looks, seen, reads } = followed();
    reads(5, 1);
    looks.push('some', 'nothing', 'some', 'nothing', 'nothing', 'nothing');
    for (let at = 0; at < 20; at++) clock.tick(15);
    expect(seen).toEqual([...looks, 'look', 'look', 'look', 'look', 'look', 'look', 'leave']);
    expect(clock.timers()).toBe(0);
  });

  test.each(['much', 'over'] as const)('lets go of it at once when it finds %s', (look) => {
    const { clock, looks, seen, reads } = followed();
    reads(5, 1);
    looks.push(look);
    clock.tick(15);
    expect(seen).toEqual(['look', 'leave']);
    clock.tick(15);
    expect(seen.length).toBe(2);
  });
});

describe('a pipe that is read at the pace', () => {
  async function paced() {
    const clock = handClock();
    const file = path.join(testFolder(), 'pipe');
    await makeFifos([file]);
    let read = '';
    const pump = createPump({
      path: file,
      openForReading,
      rhythm: createRhythm(clock),
      onBytes: (piece) => {
        read += piece.toString('latin1');
      },
      onEnd: () => {
        read += '|end|';
      },
      onProblem: (message) => expect.fail(message),
    });
    const writer = openForChild(file);
    pump.start();
    let open = true;
    const closeWriter = () => {
      if (open) closeSync(writer);
      open = false;
    };
    onTestFinished(() => {
      pump.stop();
      closeWriter();
    });
    for (let at = 1; at <= 5; at++) {
      writeSync(writer, `${at}\n`);
      await until(() => read.endsWith(`${at}\n`), { what: 'a line that is waited for' });
    }
    expect(clock.timers()).toBe(1);
    return { clock, pump, writer, closeWriter, file, read: () => read };
  }

  test('is read by the look, by who catches up, by a drain, and is waited for again afterwards', async () => {
    const { clock, pump, writer, read } = await paced();
    writeSync(writer, '6\n');
    // A pipe that is waited for would have been read by then.
    const other = await paced();
    expect([read(), other.read()]).toEqual(['1\n2\n3\n4\n5\n', '1\n2\n3\n4\n5\n']);
    clock.tick(15);
    expect(read()).toBe('1\n2\n3\n4\n5\n6\n');
    writeSync(writer, '7\n');
    pump.catchUp();
    expect(read().endsWith('6\n7\n')).toBe(true);
    writeSync(writer, '8\n');
    pump.drain();
    expect(read().endsWith('7\n8\n')).toBe(true);
    for (let at = 0; at < 5; at++) clock.tick(15);
    expect(clock.timers()).toBe(0);
    writeSync(writer, '9\n');
    await until(() => read().endsWith('8\n9\n'), { what: 'the line that is waited for' });
  });

  test('paused it keeps what it has, resumed it goes on', async () => {
    const { clock, pump, writer, read } = await paced();
    pump.pause();
    writeSync(writer, '6\n');
    clock.tick(15);
    expect(read().endsWith('5\n')).toBe(true);
    pump.resume();
    clock.tick(15);
    expect(read().endsWith('5\n6\n')).toBe(true);
  });

  test('its end is seen, and the next process is read', async () => {
    const { clock, writer, closeWriter, file, read } = await paced();
    writeSync(writer, '6\n');
    closeWriter();
    clock.tick(15);
    clock.tick(15);
    await until(() => read().endsWith('6\n|end|'), { what: 'the end' });
    const next = openForChild(file);
    writeSync(next, '7\n');
    await until(() => read().endsWith('|end|7\n'), { what: 'the next process' });
    onTestFinished(() => closeSync(next));
  });
});

describe('a file that is written to all the time', () => {
  /** Chunks of a flow, `apartMs` apart; how many writes they came to. */
  async function flow(chunks: readonly string[], apartMs: number) {
    const clock = handClock();
    const live = path.join(testFolder(), 'out.log');
    let writes = 0;
    const sinks = createSinkRegistry(clock, {
      calls: {
        moveAway,
        openAppender(file, handlers) {
          const appender = openAppender(file, handlers);
          return {
            ...appender,
            write(chunk) {
              writes++;
              appender.write(chunk);
            },
          };
        },
      },
    });
    const sink = sinks.acquire(live, {
      onDropped: () => expect.fail('dropped'),
      onWriteError: () => expect.fail('write error'),
      onProblem: (problem) => expect.fail(problem),
      onRolled() {},
      roll: () => ({
        maxSizeBytes: null,
        frequency: null,
        retain: null,
        maxAgeMs: null,
        compress: null,
        maxTotalBytes: null,
      }),
    });
    onTestFinished(() => sink.close());
    sink.write(Buffer.from('first\n'), 1);
    await until(() => readFileSync(live, 'utf8') === 'first\n', { what: 'the first line, at once' });
    for (const chunk of chunks) {
      clock.tick(apartMs);
      sink.write(Buffer.from(chunk), 1);
    }
    return { live, writes: () => writes };
  }

  const lines = Array.from({ length: 100 }, (_, at) => `line ${at}\n`);

  test('has each line when it was given, with nothing in hand that a daemon could take along', async () => {
    const { live, writes } = await flow(lines, 1);
    expect(readFileSync(live, 'utf8')).toBe(`first\n${lines.join('')}`);
    expect(writes()).toBe(101);
  });
});

test('what an app says to both streams keeps its order, although one of them is read at the pace', async () => {
  const bench = logsBench();
  const logs = await bench.open({ errorFile: 'out.log' });
  const says = 'i=0; while [ $i -lt 60 ]; do echo out $i; sleep 0.004; i=$((i+1)); done; echo last; echo error >&2';
  await runOn(logs, says);
  expect(bench.read('out.log').trimEnd().split('\n').slice(-2)).toEqual(['last', 'error']);
});
