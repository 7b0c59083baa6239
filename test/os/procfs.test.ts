import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bootId } from '../../src/base/boot-id.ts';
import { goneIdentity, identityOf, isAlive } from '../../src/os/identity.ts';
import { isLiving, listPids, pageBytes, parseStat, readProcStat, ticksPerSecond } from '../../src/os/procfs.ts';

const REST = 'S 41 42 43 34816 -1 4194304 98 1 2 3 150 25 7 9 20 0 11 0 183746 3133440 358 18446744073709551615 1 2\n';

function parse(text: string) {
  const bytes = Buffer.from(text);
  return parseStat(bytes, bytes.length);
}

describe('parseStat', () => {
  const figures = {
    pid: 77,
    state: 'S',
    ppid: 41,
    pgrp: 42,
    session: 43,
    minorFaults: 98,
    childMinorFaults: 1,
    majorFaults: 2,
    childMajorFaults: 3,
    userTicks: 150,
    systemTicks: 25,
    childUserTicks: 7,
    childSystemTicks: 9,
    threads: 11,
    startTicks: 183746,
    virtualBytes: 3133440,
    rssBytes: 358 * pageBytes(),
  };

  it.each(['cat', 'a b', ')', 'x) S 1 2 3 (', '', 'a\nb', ') R 9 9 9\n', 'ünï'])('reads past the name %j', (name) => {
    expect(parse(`77 (${name}) ${REST}`)).toEqual(figures);
  });

  it.each(['', '77', '77 (cat', '77 (cat)', '77 (cat) S 1 2'])('gives nothing for the torn text %j', (text) => {
    expect(parse(text)).toBeNull();
  });

  it('does not read what an earlier, longer text left in the buffer', () => {
    const bytes = Buffer.from(`77 (cat) ${REST}`);
    expect(parseStat(bytes, 20)).toBeNull();
  });
});

describe('readProcStat', () => {
  it('agrees with what Node and ps say of this process', () => {
    const stat = readProcStat(process.pid);
    const [ppid, pgrp, session] = execFileSync('ps', ['-o', 'ppid=,pgid=,sess=', '-p', String(process.pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/)
      .map(Number);
    expect(stat).toMatchObject({ pid: process.pid, ppid, pgrp, session });
    const rssBytes = process.memoryUsage.rss();
    expect(Math.abs((stat?.rssBytes ?? 0) - rssBytes)).toBeLessThan(rssBytes / 4);
    expect(listPids()).toContain(process.pid);
  });

  it('gives null for a pid that nobody has', () => {
    expect(readProcStat(2 ** 30)).toBeNull();
  });

  it('uses the page size and the clock ticks of this kernel', () => {
    expect(pageBytes()).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
    expect(ticksPerSecond()).toBe(Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })));
  });
});

describe('isLiving', () => {
  const stat = parse(`77 (cat) ${REST}`);
  if (stat === null) throw new Error('the sample must parse');

  it.each([
    ['R', 1, true],
    ['D', 1, true],
    ['T', 1, true],
    ['Z', 1, false],
    ['X', 1, false],
    ['Z', 4, true],
  ])('state %s with %i threads: %s', (state, threads, living) => {
    expect(isLiving({ ...stat, state, threads })).toBe(living);
  });
});

describe('identity', () => {
  it('knows a process from its spawn to its end, and not the next one under the same pid', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const identity = identityOf(child.pid);
    expect(identity).toEqual({ pid: child.pid, startTicks: expect.any(Number), bootId: bootId() });
    if (identity === null) throw new Error('no identity');
    expect(isAlive(identity)).toBe(true);
    expect(isAlive({ ...identity, startTicks: identity.startTicks - 1 })).toBe(false);
    expect(isAlive({ ...identity, bootId: 'another boot' })).toBe(false);
    expect(isAlive(goneIdentity(identity.pid))).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(identity)).toBe(false);
    expect(identityOf(child.pid)).toBeNull();
  });

  it.each([null, undefined, 0, -1, 1.5, Number.NaN])('is null for the pid %s', (pid) => {
    expect(identityOf(pid)).toBeNull();
  });

  it('is not alive when there is none', () => {
    expect(isAlive(null)).toBe(false);
    expect(isAlive(undefined)).toBe(false);
  });
});
