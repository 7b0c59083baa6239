import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createProcSampler } from '../../src/metrics/proc-sampler.ts';
import { identityOf } from '../../src/os/identity.ts';
import { createNativeChildren } from '../../src/os/native-children.ts';
import { ticksPerSecond } from '../../src/os/procfs.ts';
import { type EndedProcess, openReaped, type Usage } from '../../src/os/reaped.ts';

/** Uses so much CPU, then waits for a line and ends. */
const burns = (ms: number) => `
  const from = process.cpuUsage();
  const used = () => { const { user, system } = process.cpuUsage(from); return (user + system) / 1000; };
  while (used() < ${ms});
  process.stdin.once('data', () => process.exit());
  console.log('burnt');
`;

interface Told {
  readonly ended: readonly EndedProcess[];
  readonly used: Usage;
}

function open() {
  const told: Told[] = [];
  let next = () => {};
  const reaped = openReaped((ended, used) => {
    told.push({ ended, used });
    next();
  });
  onTestFinished(() => reaped.close());
  const waitFor = (count: number) =>
    new Promise<void>((resolve) => {
      next = () => told.length >= count && resolve();
      next();
    });
  return { reaped, told, waitFor };
}

async function start(ms: number) {
  const child = spawn(process.execPath, ['-e', burns(ms)], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const identity = identityOf(child.pid);
  if (identity === null) throw new Error('it must run');
  await once(child.stdout, 'data');
  return { child, identity };
}

const secondsOf = ({ userTicks, systemTicks }: Usage) => (userTicks + systemTicks) / ticksPerSecond();

describe('what the ended used', () => {
  it('is told in full, for each that ends alone', async () => {
    const { reaped, told, waitFor } = open();
    for (const [id, ms] of [300, 600].entries()) {
      const { child, identity } = await start(ms);
      child.once('exit', () => reaped.ended({ ...identity, id }, process.pid));
      child.stdin.write('\n');
      await waitFor(id + 1);
    }
    expect(told.map(({ ended }) => ended.map(({ id }) => id))).toEqual([[0], [1]]);
    const [first = Number.NaN, second = Number.NaN] = told.map(({ used }) => secondsOf(used));
    expect(first).toBeGreaterThan(0.29);
    expect(first).toBeLessThan(0.55);
    expect(second).toBeGreaterThan(0.59);
    expect(second).toBeLessThan(0.85);
    expect(told[0]?.used.minorFaults).toBeGreaterThan(1000);
  });

  it('is told of children that Node does not know of', async () => {
    const { reaped, told, waitFor } = open();
    const output = openSync('/dev/null', 'r+');
    onTestFinished(() => closeSync(output));
    const descriptors = { stdinFd: null, stdoutFd: output, stderrFd: output };
    const command = { file: process.execPath, args: ['-e', burns(300)], env: {}, cwd: '/', ...descriptors };
    const child = createNativeChildren(true).start(command, () => {
      if (identity !== null) reaped.ended({ ...identity, id: 5 }, process.pid);
    });
    onTestFinished(() => void child?.kill('SIGKILL'));
    const identity = identityOf(child?.pid);
    await waitFor(1);
    expect(told.map(({ ended }) => ended.map(({ id }) => id))).toEqual([[5]]);
    expect(secondsOf(told[0]?.used ?? ({} as Usage))).toBeGreaterThan(0.29);
  });

  it('has nothing of a child that is nobody’s', async () => {
    const { reaped, told, waitFor } = open();
    const stranger = await start(500);
    stranger.child.stdin.write('\n');
    await once(stranger.child, 'exit');
    const { child, identity } = await start(200);
    child.once('exit', () => reaped.ended({ ...identity, id: 7 }, process.pid));
    child.stdin.write('\n');
    await waitFor(1);
    expect(told).toHaveLength(1);
    expect(secondsOf(told[0]?.used ?? ({} as Usage))).toBeLessThan(0.45);
  });
});

describe('a sampler that is told of an end', () => {
  it('counts what no look has seen, and only that', async () => {
    const sampler = createProcSampler(systemClock);
    onTestFinished(() => sampler.close());
    const { reaped, told, waitFor } = open();
    const total = () => sampler.totals(3).userSeconds + sampler.totals(3).systemSeconds;
    let expected = 0;
    for (const looks of [0, 1, 3]) {
      const { child, identity } = await start(300);
      for (let i = 0; i < looks; i++) await sampler.sample([{ id: 3, identity }], 'full');
      child.once('exit', () => reaped.ended({ ...identity, id: 3 }, process.pid));
      child.stdin.write('\n');
      const before = told.length;
      await waitFor(before + 1);
      const { ended, used } = told[before] ?? { ended: [], used: {} as Usage };
      sampler.ended(ended, used);
      expected += secondsOf(used);
      expect(total(), `after ${looks} looks`).toBeCloseTo(expected, 5);
      expect(expected).toBeGreaterThan(0.29);
    }
  });

  it('keeps what was counted of a root that another has replaced, until it ends', async () => {
    const sampler = createProcSampler(systemClock);
    onTestFinished(() => sampler.close());
    const total = () => sampler.totals(3).userSeconds + sampler.totals(3).systemSeconds;
    const old = await start(300);
    const fresh = await start(100);
    await sampler.sample([{ id: 3, identity: old.identity }], 'basic');
    await sampler.sample([{ id: 3, identity: fresh.identity }], 'basic');
    const both = total();
    const ticks = 10_000;
    sampler.ended([{ id: 3, ...old.identity }], {
      userTicks: ticks,
      systemTicks: ticks,
      minorFaults: 0,
      majorFaults: 0,
    });
    const seenOfOld = (2 * ticks) / ticksPerSecond() - (total() - both);
    expect(seenOfOld).toBeGreaterThan(0.2);
    expect(seenOfOld).toBeLessThan(0.6);
    // The one that is there now is still looked at from where it was.
    await sampler.sample([{ id: 3, identity: fresh.identity }], 'basic');
    expect(total() - both).toBeLessThan((2 * ticks) / ticksPerSecond());
  });
});
