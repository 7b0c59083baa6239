import { describe, expect, it } from 'vitest';
import { openCpuWindow } from '../../src/metrics/cpu-window.ts';
import {
  bequeath,
  type Counted,
  type Counts,
  DIMENSIONS,
  grow,
  newCounted,
  totalsOf,
} from '../../src/metrics/totals.ts';

/** Counts with only user time: own, and from children that were waited for. */
function userTicks(own: number, ofChildren = 0): Counts {
  return { values: [own + ofChildren, 0, null, null, null, null], inherited: [ofChildren, 0, 0, 0, 0, 0] };
}

function userGrowth(counted: Counted, counts: Counts): number {
  return grow(counted, counts)[0] ?? Number.NaN;
}

function family(...counted: readonly Counted[]): ReadonlyMap<number, Counted> {
  return new Map(counted.map((one) => [one.pid, one]));
}

describe('grow', () => {
  it('counts all of a new process, then only what came', () => {
    const process = newCounted({ pid: 2, ppid: 1, adopted: false });
    expect(userGrowth(process, userTicks(40))).toBe(40);
    expect(userGrowth(process, userTicks(45))).toBe(5);
    expect(userGrowth(process, userTicks(45))).toBe(0);
  });

  it('counts an adopted process from the first look on, each dimension from its own first look', () => {
    const process = newCounted({ pid: 2, ppid: 1, adopted: true });
    expect(userGrowth(process, userTicks(4000))).toBe(0);
    const withIo: Counts = { values: [4010, 0, 900, 0, 7, 7], inherited: DIMENSIONS.map(() => 0) };
    expect(grow(process, withIo)).toEqual([10, 0, 0, 0, 0, 0]);
    expect(grow(process, { ...withIo, values: [4010, 0, 950, 0, 8, 7] })).toEqual([0, 0, 50, 0, 1, 0]);
  });

  it('keeps what was not read for the next look', () => {
    const process = newCounted({ pid: 2, ppid: 1, adopted: false });
    grow(process, { values: [0, 0, 100, 0, 0, 0], inherited: DIMENSIONS.map(() => 0) });
    userGrowth(process, userTicks(1));
    expect(grow(process, { values: [1, 0, 130, 0, 0, 0], inherited: DIMENSIONS.map(() => 0) })[2]).toBe(30);
  });

  it('never falls', () => {
    const process = newCounted({ pid: 2, ppid: 1, adopted: false });
    userGrowth(process, userTicks(40));
    expect(userGrowth(process, userTicks(30))).toBe(0);
  });
});

describe('bequeath', () => {
  it('does not count a child again that its parent waited for, but what it did after the last look', () => {
    const parent = newCounted({ pid: 1, ppid: 0, adopted: false });
    const child = newCounted({ pid: 2, ppid: 1, adopted: false });
    userGrowth(parent, userTicks(10));
    userGrowth(child, userTicks(100));
    bequeath(child, family(parent, child), (pid) => pid === 2);
    // 3 ticks of its own, and the child's 100 + 20 that it ended with.
    expect(userGrowth(parent, userTicks(13, 120))).toBe(23);
  });

  it('counts nothing off when nobody waited for the child', () => {
    const parent = newCounted({ pid: 1, ppid: 0, adopted: false });
    const child = newCounted({ pid: 2, ppid: 1, adopted: false });
    userGrowth(parent, userTicks(10));
    userGrowth(child, userTicks(100));
    bequeath(child, family(parent, child), (pid) => pid === 2);
    expect(userGrowth(parent, userTicks(15))).toBe(5);
  });

  it('waits one look for a parent that was read right before it waited for the child, and no longer', () => {
    const orphaned = () => {
      const parent = newCounted({ pid: 1, ppid: 0, adopted: false });
      const child = newCounted({ pid: 2, ppid: 1, adopted: false });
      userGrowth(parent, userTicks(10));
      userGrowth(child, userTicks(100));
      bequeath(child, family(parent, child), (pid) => pid === 2);
      return parent;
    };
    const growths = (...looks: readonly Counts[]) => {
      const parent = orphaned();
      return looks.map((counts) => userGrowth(parent, counts));
    };
    expect(growths(userTicks(10), userTicks(13, 120), userTicks(13, 150))).toEqual([0, 23, 30]);
    const notReadAgain = userTicks(10);
    expect(growths(notReadAgain, notReadAgain, notReadAgain, userTicks(13, 120))).toEqual([0, 0, 0, 23]);
    // Nobody waited for that child; another one, that was never seen, is counted whole.
    expect(growths(userTicks(10), userTicks(11), userTicks(11, 70))).toEqual([0, 1, 70]);
  });

  it('goes up to the nearest ancestor that lives', () => {
    const [root, child, grandchild] = [1, 2, 3].map((pid) => newCounted({ pid, ppid: pid - 1, adopted: false }));
    if (root === undefined || child === undefined || grandchild === undefined) throw new Error('three were made');
    userGrowth(root, userTicks(0));
    userGrowth(child, userTicks(50));
    userGrowth(grandchild, userTicks(500));
    const isGone = (pid: number) => pid > 1;
    for (const gone of [child, grandchild]) bequeath(gone, family(root, child, grandchild), isGone);
    expect(userGrowth(root, userTicks(0, 550))).toBe(0);
  });

  it('ends where no ancestor is known, also when parents form a circle', () => {
    const one = newCounted({ pid: 1, ppid: 2, adopted: false });
    const two = newCounted({ pid: 2, ppid: 1, adopted: false });
    expect(() => bequeath(one, family(one, two), () => true)).not.toThrow();
    expect(() => bequeath(one, family(one), () => true)).not.toThrow();
  });
});

describe('totalsOf', () => {
  it('has no io until it was seen', () => {
    expect(totalsOf([100, 50, 7, 8, 1, 2], false)).toMatchObject({ userSeconds: 1, readBytes: null, writeBytes: null });
    expect(totalsOf([100, 50, 7, 8, 1, 2], true)).toMatchObject({ systemSeconds: 0.5, readBytes: 7, writeBytes: 8 });
  });
});

describe('openCpuWindow', () => {
  it('gives the mean since the previous look, at the first look since the start', () => {
    const window = openCpuWindow({ atMs: 0, cpuMs: 0 });
    expect(window.advance({ atMs: 10_000, cpuMs: 1000 })).toBe(0.1);
    expect(window.advance({ atMs: 11_000, cpuMs: 2000 })).toBe(1);
    expect(window.advance({ atMs: 21_000, cpuMs: 2000 })).toBe(0);
  });

  it('reaches further back when the previous look was a moment ago', () => {
    const window = openCpuWindow({ atMs: 0, cpuMs: 0 });
    window.advance({ atMs: 10_000, cpuMs: 0 });
    window.advance({ atMs: 11_000, cpuMs: 500 });
    expect(window.advance({ atMs: 11_010, cpuMs: 510 })).toBeCloseTo(510 / 1010);
    expect(window.advance({ atMs: 11_020, cpuMs: 520 })).toBeCloseTo(520 / 1020);
  });

  it('says nothing of a process that is a moment old', () => {
    expect(openCpuWindow({ atMs: 0, cpuMs: 0 }).advance({ atMs: 20, cpuMs: 20 })).toBeNull();
  });
});
