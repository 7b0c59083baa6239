import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { createHeapRest } from '../../src/daemon/heap-rest.ts';
import { openHeapTrim } from '../../src/os/heap-trim.ts';

/** A clock that stands until it is moved. */
function standingClock() {
  let nowMs = 0;
  let timers: { atMs: number; callback: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  return {
    clock,
    armed: () => timers.length,
    pass(ms: number) {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter((timer) => !due.includes(timer));
      for (const { callback } of due) callback();
    },
  };
}

describe('freed memory of the daemon', () => {
  test('is given back once, when nothing has changed for five seconds', () => {
    const { clock, pass, armed } = standingClock();
    let trims = 0;
    const rest = createHeapRest(clock, () => {
      trims += 1;
    });
    expect(armed()).toBe(0);
    for (let i = 0; i < 4; i += 1) {
      rest.touch();
      pass(2_000);
    }
    expect(trims).toBe(0);
    pass(3_001);
    pass(60_000);
    expect([trims, armed()]).toEqual([1, 0]);
    rest.touch();
    pass(5_000);
    expect([trims, armed()]).toEqual([2, 0]);
    rest.touch();
    rest.close();
    pass(60_000);
    expect(trims).toBe(2);
  });

  test('is given back by the C library, where that is to be had and can', () => {
    const asked: string[] = [];
    const call = (prototype: string) => {
      asked.push(prototype);
      return (pad: unknown) => asked.push(`called with ${pad}`);
    };
    const libc = { func: call, view: () => Buffer.alloc(0) };
    const trim = openHeapTrim(true, () => libc);
    expect(asked).toEqual([]);
    trim();
    trim();
    expect(asked).toEqual(['int malloc_trim(size_t)', 'called with 0', 'called with 0']);
    const lacks = () => {
      throw new Error('no such function');
    };
    openHeapTrim(true, () => ({ ...libc, func: lacks }))();
    openHeapTrim(true, () => null)();
    openHeapTrim(false, () => expect.unreachable('nobody wants it'))();
    openHeapTrim(true)();
  });
});
