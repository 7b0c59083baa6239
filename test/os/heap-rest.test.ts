import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { createHeapRest } from '../../src/daemon/heap-rest.ts';
import { createCollector } from '../../src/os/garbage.ts';
import { openHeap } from '../../src/os/heap.ts';

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

describe('memory of the daemon', () => {
  test('is given back once, when nothing has changed for five seconds', () => {
    const { clock, pass, armed } = standingClock();
    const done: string[] = [];
    const rest = createHeapRest(clock, { keepApart: () => done.push('apart'), giveBack: () => done.push('back') });
    expect(armed()).toBe(0);
    for (let i = 0; i < 4; i += 1) {
      rest.touch();
      pass(2_000);
    }
    expect(done).toEqual(['apart']);
    pass(3_001);
    pass(60_000);
    expect([done, armed()]).toEqual([['apart', 'back'], 0]);
    rest.touch();
    pass(5_000);
    expect([done, armed()]).toEqual([['apart', 'back', 'apart', 'back'], 0]);
    rest.touch();
    rest.close();
    pass(60_000);
    expect(done.filter((step) => step === 'back')).toHaveLength(2);
  });

  test('is given back after the garbage is gone, by the C library where that is to be had and can', () => {
    const asked: string[] = [];
    const call = (prototype: string) => {
      asked.push(prototype);
      return (...args: readonly unknown[]) => asked.push(`called with ${args}`);
    };
    const libc = { func: call, view: () => Buffer.alloc(0) };
    const collect = () => void asked.push('collected');
    const heap = openHeap(true, () => libc, collect);
    expect(asked).toEqual([]);
    heap.keepApart();
    heap.keepApart();
    const prepared = ['int mallopt(int, int)', 'called with -3,131072', 'int malloc_trim(size_t)'];
    expect(asked).toEqual(prepared);
    heap.giveBack();
    heap.giveBack();
    expect(asked).toEqual([...prepared, 'collected', 'called with 0', 'collected', 'called with 0']);
    const lacks = () => {
      throw new Error('no such function');
    };
    asked.length = 0;
    openHeap(true, () => ({ ...libc, func: lacks }), collect).giveBack();
    openHeap(true, () => null, collect).giveBack();
    openHeap(false, () => expect.unreachable('nobody wants it'), collect).giveBack();
    expect(asked).toEqual(['collected', 'collected', 'collected']);
  });

  test('has its garbage taken away once there are 2 MB of it', () => {
    let usedBytes = 9_000_000;
    let collections = 0;
    const collect = createCollector(
      () => usedBytes,
      () => {
        usedBytes = 8_000_000;
        collections += 1;
      },
    );
    const collectionsAt = (bytes: number) => {
      usedBytes = bytes;
      collect();
      return collections;
    };
    expect([9_000_000, 10_000_000, 10_097_152, 10_000_000].map(collectionsAt)).toEqual([1, 1, 2, 2]);
  });

  test('is given back in this Node, and nothing of it is left', () => {
    const kept = Array.from({ length: 200_000 }, (_, i) => ({ i, text: `number ${i}` }));
    const fullBytes = getHeapStatistics().used_heap_size;
    kept.length = 1_000;
    openHeap(true).giveBack();
    expect(getHeapStatistics().used_heap_size).toBeLessThan(fullBytes - 10_000_000);
    expect(kept.at(-1)).toEqual({ i: 999, text: 'number 999' });
    expect(runInNewContext('typeof gc')).toBe('undefined');
  });
});
