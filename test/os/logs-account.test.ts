import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type Appender, type AppenderHandlers, openAppender } from '../../src/logs/appender.ts';
import { createLogFile } from '../../src/logs/log-file.ts';
import { moveAway } from '../../src/logs/move-away.ts';
import { NO_ROLLING } from '../../src/logs/rules.ts';
import { listSegments } from '../../src/logs/segments.ts';
import type { Writer } from '../../src/logs/write-queue.ts';
import { testFolder } from '../support/instance-logs.ts';
import { rolling } from '../support/roll.ts';

type Fault = 'none' | 'open' | 'write' | 'part' | 'rename';

const enospc = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

/** System calls of which the next ones may fail; writes are done one after the other, as those of the system. */
function faultyCalls(next: () => Fault) {
  const open = (file: string, handlers: AppenderHandlers): Appender => {
    if (next() === 'open') throw enospc();
    let underWay = 0;
    let isBroken = false;
    const failWhenIdle = () => {
      if (isBroken && underWay === 0) setImmediate(() => handlers.onFailed(enospc()));
    };
    const appender = openAppender(file, {
      onFailed: handlers.onFailed,
      onWritten(bytes) {
        underWay -= bytes;
        handlers.onWritten(bytes);
        failWhenIdle();
      },
    });
    const write = (chunk: Buffer) => {
      underWay += chunk.length;
      appender.write(chunk);
    };
    return {
      ...appender,
      write(chunk) {
        if (isBroken) return;
        const fault = next();
        isBroken = fault === 'write' || fault === 'part';
        // A full disk takes some bytes of the last write.
        if (fault !== 'write') write(fault === 'part' ? chunk.subarray(0, Math.ceil(chunk.length / 2)) : chunk);
        failWhenIdle();
      },
    };
  };
  const move: typeof moveAway = (file) => {
    if (next() === 'rename') throw enospc();
    return moveAway(file);
  };
  return { openAppender: open, moveAway: move };
}

test('lines in = lines in the files + lines dropped, however it fails and rolls', async () => {
  const fault = fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fault>('none') },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('open', 'write', 'part', 'rename') },
  );
  const chunk = fc.record({ lines: fc.integer({ min: 1, max: 40 }), wait: fc.boolean() });
  const law = fc.asyncProperty(
    fc.array(chunk, { minLength: 1, maxLength: 40 }),
    fc.array(fault, { maxLength: 60 }),
    fc.integer({ min: 100, max: 3000 }),
    async (chunks, faults, maxSizeBytes) => {
      const live = path.join(testFolder(), 'out.log');
      let aheadMs = 0;
      const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
      const left = [...faults];
      let dropped = 0;
      let rolls = 0;
      const file = createLogFile({
        file: live,
        clock,
        defaults: NO_ROLLING,
        onRolled: () => void rolls++,
        calls: faultyCalls(() => left.shift() ?? 'none'),
      });
      const roll = rolling({ maxSizeBytes });
      const writer: Writer = {
        owner: {
          onDropped: (lines) => {
            dropped += lines;
          },
          onWriteError() {},
          onProblem() {},
          onRolled() {},
          roll: () => roll,
        },
        pendingBytes: 0,
        writtenBytes: 0,
      };
      let sent = 0;
      for (const { lines, wait } of chunks) {
        const text = Array.from({ length: lines }, (_, at) => lineOf(sent + at + 1)).join('');
        sent += lines;
        file.write(writer, Buffer.from(text), lines);
        if (!wait) continue;
        await file.settled();
        aheadMs += 1000;
      }
      await file.settled();
      await file.close();
      const segments = listSegments(live);
      const text = segments.map((segment) => readFileSync(segment.path, 'utf8')).join('');
      const lines = text.split('\n').filter((line) => line !== '');
      // The part of a line that a full disk took is no line.
      const whole = lines.filter((line) => WHOLE.test(line)).map((line) => Number(line.slice(5, 11)));
      expect(lines.length - whole.length).toBeLessThanOrEqual(faults.filter((one) => one === 'part').length);
      expect(whole).toEqual([...new Set(whole)].sort((a, b) => a - b));
      expect(whole.length + dropped).toBe(sent);
      expect(segments.filter(({ kind }) => kind === 'plain').length).toBe(rolls);
    },
  );
  await fc.assert(law, { numRuns: 150 });
}, 120_000);

const WHOLE = /^line \d{6} end$/;

function lineOf(number: number): string {
  return `line ${String(number).padStart(6, '0')} end\n`;
}
