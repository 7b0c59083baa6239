import { expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { createMemoryWatch, type LimitedProcess } from '../../src/metrics/memory-watch.ts';
import type { Sampler, Vitals } from '../../src/metrics/vitals.ts';

/** A clock whose timers go off when the test says so. */
function handClock() {
  const timers = new Set<{ readonly delayMs: number; readonly callback: () => void }>();
  const clock: Clock = {
    nowMs: () => 0,
    wallMs: () => 0,
    after(delayMs, callback) {
      const timer = { delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  /** Lets the armed timer go off, and everything that follows from it. */
  const tick = async () => {
    for (const timer of [...timers]) {
      timers.delete(timer);
      timer.callback();
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, tick, armed: () => [...timers].map(({ delayMs }) => delayMs) };
}

const LIMITED: LimitedProcess = {
  id: 7,
  generation: 3,
  limitBytes: 100,
  identity: { pid: 1, startTicks: 1, bootId: '' },
};

function watchOf(rssBytes: () => number | null) {
  const hand = handClock();
  const limited: LimitedProcess[] = [];
  const told: unknown[] = [];
  const problems: unknown[] = [];
  const sampler: Sampler = {
    async sample(roots) {
      const rss = rssBytes();
      // Only what the watch looks at.
      const vitals = { rssBytes: rss } as Vitals;
      return new Map(rss === null ? [] : [...roots].map(({ id }) => [id, vitals]));
    },
    totals: () => {
      throw new Error('not asked for');
    },
    ended: () => {},
    saved: () => null,
    restore: () => {},
    forget: () => {},
    close: () => {},
  };
  const watch = createMemoryWatch({
    clock: hand.clock,
    sampler: async () => sampler,
    list: () => limited,
    onExceeded: (...what) => told.push(what),
    onProblem: (problem) => problems.push(problem),
  });
  return { ...hand, watch, limited, told, problems };
}

it('looks at nobody while nobody has a limit', () => {
  const { watch, armed } = watchOf(() => 0);
  watch.wake();
  expect(armed()).toEqual([]);
});

it('has one timer of a second, however often it is woken', () => {
  const { watch, armed, limited } = watchOf(() => 0);
  limited.push(LIMITED, { ...LIMITED, id: 8 });
  watch.wake();
  watch.wake();
  expect(armed()).toEqual([1000]);
});

it('tells who is above its limit, with the generation it looked at', async () => {
  let rssBytes = 100;
  const { watch, tick, limited, told } = watchOf(() => rssBytes);
  limited.push(LIMITED);
  watch.wake();
  await tick();
  expect(told).toEqual([]);
  rssBytes = 101;
  await tick();
  expect(told).toEqual([[7, 3, 101]]);
});

it('goes on after a process that has gone and after a failed look, and stops with the last limit', async () => {
  let rssBytes: () => number | null = () => null;
  const { watch, tick, armed, limited, told, problems } = watchOf(() => rssBytes());
  limited.push(LIMITED);
  watch.wake();
  await tick();
  rssBytes = () => {
    throw new Error('no /proc today');
  };
  await tick();
  expect({ told, problems: problems.length, armed: armed() }).toEqual({ told: [], problems: 1, armed: [1000] });
  limited.length = 0;
  rssBytes = () => 0;
  await tick();
  expect(armed()).toEqual([]);
  limited.push(LIMITED);
  watch.wake();
  expect(armed()).toEqual([1000]);
});

it('is quiet once closed, also in the middle of a look', async () => {
  const { watch, tick, armed, limited, told } = watchOf(() => 1000);
  limited.push(LIMITED);
  watch.wake();
  const look = tick();
  watch.close();
  await look;
  watch.wake();
  expect({ told, armed: armed() }).toEqual({ told: [], armed: [] });
});
