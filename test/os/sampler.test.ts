import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createPortableSampler } from '../../src/metrics/portable-sampler.ts';
import { createProcSampler } from '../../src/metrics/proc-sampler.ts';
import { openProcessReader } from '../../src/metrics/process-reader.ts';
import type { SampleRoot, Sampler } from '../../src/metrics/vitals.ts';
import { openCpuClock } from '../../src/os/cpu-clock.ts';
import { identityOf, isAlive } from '../../src/os/identity.ts';
import { createFdBudget } from '../../src/os/proc-files.ts';
import { signalTree } from '../../src/os/process-tree.ts';
import { until } from '../support/until.ts';

const MB = 1024 * 1024;
const started: SampleRoot[] = [];
const samplers: Sampler[] = [];

afterEach(() => {
  for (const { identity } of started.splice(0)) signalTree({ root: identity, signal: 'SIGKILL', treekill: true });
  for (const sampler of samplers.splice(0)) sampler.close();
});

function open(make: () => Sampler = () => createProcSampler(systemClock)): Sampler {
  const sampler = make();
  samplers.push(sampler);
  return sampler;
}

interface Program {
  readonly root: SampleRoot;
  readonly child: ChildProcess;
  /** Resolves with the next line that it writes. */
  line(): Promise<string>;
}

function start(file: string, args: readonly string[], id = 0): Program {
  const child = spawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const identity = identityOf(child.pid);
  if (identity === null || child.stdout === null) throw new Error(`${file} did not start`);
  const root = { id, identity };
  started.push(root);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { root, child, line: async () => String((await lines.next()).value) };
}

/** Takes 0.3 s of user time at each line that it reads, then says so. */
const BURNER = `process.stdin.on('data', () => {
  const from = process.cpuUsage();
  while (process.cpuUsage(from).user < 300_000) for (let i = 0; i < 1e6; i++);
  console.log('burnt');
});
console.log('here');`;

/** Takes 40 MB at the first line that it reads. */
const GROWS = `process.stdin.once('data', () => {
  globalThis.held = Buffer.alloc(40 * 1024 * 1024, 1);
  console.log('grown');
});
console.log('here');`;

/** Its main thread never runs again; the other opens ten files at a line. */
const THREAD_AT_WORK = `new (require('node:worker_threads').Worker)(\`
  const fs = require('node:fs');
  fs.writeSync(1, 'here\\\\n');
  fs.readSync(0, Buffer.alloc(8));
  for (let i = 0; i < 10; i++) fs.openSync('/dev/null');
  fs.writeSync(1, 'opened\\\\n');
  fs.readSync(0, Buffer.alloc(8));
\`, { eval: true });
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;

const HOLDS_MB = (megabytes: number) =>
  `globalThis.held = Buffer.alloc(${megabytes} * 1024 * 1024, 1); console.log('here'); setInterval(() => {}, 1e6);`;

async function burn(program: Program): Promise<void> {
  program.child.stdin?.write('\n');
  expect(await program.line()).toBe('burnt');
}

const cpuSeconds = (sampler: Sampler, id = 0) => sampler.totals(id).userSeconds + sampler.totals(id).systemSeconds;

describe.each([
  ['that reads every process', openCpuClock(false)],
  ['that reads only what has run', openCpuClock(true)],
] as const)('sampler over /proc %s', (_which, cpuClock) => {
  const openProc = () => open(() => createProcSampler(systemClock, { pss: false, cpuClock }));

  it('gives figures of a single process in full', async () => {
    const { root, line } = start(process.execPath, ['-e', HOLDS_MB(50)]);
    await line();
    const vitals = (await openProc().sample([root], 'full')).get(0);
    expect(vitals?.rssBytes).toBeGreaterThan(80 * MB);
    expect(vitals?.rssBytes).toBeLessThan(150 * MB);
    expect(vitals?.virtualBytes).toBeGreaterThan(vitals?.rssBytes ?? 0);
    expect(vitals?.processes).toBe(1);
    expect(vitals?.threads).toBeGreaterThan(4);
    expect(vitals?.openFds).toBe(readdirSync(`/proc/${root.identity.pid}/fd`).length);
    expect(vitals?.maxFds).toBeGreaterThan(100);
    expect(vitals?.swapBytes).toBeGreaterThanOrEqual(0);
    expect(Math.abs((vitals?.atMs ?? 0) - Date.now())).toBeLessThan(5000);
  });

  it('adds up a tree', async () => {
    const script = '"$0" -e "$1" & "$0" -e "$1" & wait';
    const { root, line } = start('bash', ['-c', script, process.execPath, HOLDS_MB(60)]);
    await line();
    await line();
    const vitals = (await openProc().sample([root], 'basic')).get(0);
    expect(vitals?.processes).toBe(3);
    expect(vitals?.rssBytes).toBeGreaterThan(180 * MB);
    expect(vitals?.openFds).toBeNull();
  });

  it('adds up cpu time over the processes of an instance, and keeps that of the dead', async () => {
    const sampler = openProc();
    const first = start(process.execPath, ['-e', BURNER]);
    await first.line();
    await sampler.sample([first.root], 'basic');
    const atStart = cpuSeconds(sampler);
    await burn(first);
    await sampler.sample([first.root], 'full');
    expect(cpuSeconds(sampler) - atStart).toBeGreaterThanOrEqual(0.25);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const atDeath = cpuSeconds(sampler);
    expect((await sampler.sample([first.root], 'full')).size).toBe(0);
    expect(cpuSeconds(sampler)).toBe(atDeath);
    const second = start(process.execPath, ['-e', BURNER]);
    await second.line();
    await burn(second);
    await sampler.sample([second.root], 'basic');
    expect(cpuSeconds(sampler) - atDeath).toBeGreaterThanOrEqual(0.25);
    expect(sampler.totals(0).readBytes).toBeGreaterThanOrEqual(0);
    expect(sampler.totals(0).voluntarySwitches).toBeGreaterThan(0);
  });

  it('counts a child once: while it lives, and when its parent has waited for it', async () => {
    const sampler = openProc();
    const script = 'cat | "$0" -e "$1"; echo waited; exec sleep 60';
    const { root, child, line } = start('bash', ['-c', script, process.execPath, BURNER]);
    await line();
    child.stdin?.write('\n');
    await line();
    await sampler.sample([root], 'basic');
    const whileAlive = cpuSeconds(sampler);
    expect(whileAlive).toBeGreaterThanOrEqual(0.25);
    // cat ends with its input, and then the burner with its own; the shell waits for both.
    child.stdin?.end();
    expect(await line()).toBe('waited');
    await sampler.sample([root], 'basic');
    expect(cpuSeconds(sampler)).toBeGreaterThanOrEqual(whileAlive);
    expect(cpuSeconds(sampler) - whileAlive).toBeLessThan(0.2);
  });

  it('sees what another thread does while the main one is blocked', async () => {
    const sampler = openProc();
    const { root, line, child } = start(process.execPath, ['-e', THREAD_AT_WORK]);
    await line();
    const before = (await sampler.sample([root], 'full')).get(0)?.openFds;
    const { writeBytes } = sampler.totals(0);
    child.stdin?.write('\n');
    expect(await line()).toBe('opened');
    expect((await sampler.sample([root], 'full')).get(0)?.openFds).toBe((before ?? 0) + 10);
    expect(sampler.totals(0).writeBytes).toBeGreaterThanOrEqual(writeBytes ?? Number.NaN);
  });

  it('gives the cpu use since the previous look', async () => {
    let nowMs = systemClock.nowMs();
    const sampler = open(() => createProcSampler({ ...systemClock, nowMs: () => nowMs }, { pss: false, cpuClock }));
    const program = start(process.execPath, ['-e', BURNER]);
    await program.line();
    await sampler.sample([program.root], 'basic');
    await burn(program);
    nowMs += 1000;
    const busy = (await sampler.sample([program.root], 'basic')).get(0)?.cpuRatio;
    expect(busy).toBeGreaterThanOrEqual(0.25);
    expect(busy).toBeLessThan(0.6);
    nowMs += 1000;
    expect((await sampler.sample([program.root], 'basic')).get(0)?.cpuRatio).toBeLessThan(0.05);
  });

  it('gives nothing for the dead, for nobody and for another process under the same pid', async () => {
    const sampler = openProc();
    const { root } = start('sleep', ['60']);
    const stranger = { id: 1, identity: { ...root.identity, startTicks: root.identity.startTicks - 1 } };
    const nobody = { id: 2, identity: { ...root.identity, pid: 2 ** 30 } };
    expect([...(await sampler.sample([root, stranger, nobody], 'full')).keys()]).toEqual([0]);
    expect(cpuSeconds(sampler, 1)).toBe(0);
  });

  it('counts a process that is older than the daemon only from the first look on', async () => {
    const older = start(process.execPath, ['-e', BURNER]);
    await older.line();
    await burn(older);
    const daemon = start('sleep', ['60'], 1);
    const sampler = open(() =>
      createProcSampler(systemClock, { pss: false, cpuClock, since: daemon.root.identity.pid }),
    );
    await sampler.sample([older.root], 'full');
    expect(cpuSeconds(sampler)).toBe(0);
    expect(sampler.totals(0).voluntarySwitches).toBe(0);
    await burn(older);
    await sampler.sample([older.root], 'full');
    expect(cpuSeconds(sampler)).toBeGreaterThanOrEqual(0.25);
  });

  it('counts page faults, those of children that were waited for too', async () => {
    const sampler = openProc();
    const { root, line } = start('bash', [
      '-c',
      '"$0" -e "$1"; echo done; exec sleep 60',
      process.execPath,
      'Buffer.alloc(2e7, 1)',
    ]);
    expect(await line()).toBe('done');
    await sampler.sample([root], 'basic');
    const { minorFaults, majorFaults } = sampler.totals(0);
    // Node and the buffer have thousands of pages, a shell has hundreds.
    expect(minorFaults).toBeGreaterThan(5000);
    expect(majorFaults).toBeGreaterThanOrEqual(0);
    await sampler.sample([root], 'basic');
    expect(sampler.totals(0).minorFaults).toBeGreaterThanOrEqual(minorFaults ?? Number.NaN);
  });

  it('reads the proportional memory when asked to, at most once a minute and a bit', async () => {
    let nowMs = systemClock.nowMs();
    const sampler = open(() => createProcSampler({ ...systemClock, nowMs: () => nowMs }, { pss: true, cpuClock }));
    const program = start(process.execPath, ['-e', GROWS]);
    await program.line();
    const pssOf = async () => (await sampler.sample([program.root], 'full')).get(0)?.pssBytes ?? Number.NaN;
    const first = await pssOf();
    const rssBytes = (await sampler.sample([program.root], 'full')).get(0)?.rssBytes ?? 0;
    expect(first).toBeGreaterThan(MB);
    expect(first).toBeLessThanOrEqual(rssBytes);
    program.child.stdin?.write('\n');
    expect(await program.line()).toBe('grown');
    nowMs += 59_000;
    expect(await pssOf()).toBe(first);
    nowMs += 20_000;
    expect(await pssOf()).toBeGreaterThan(first + 30 * MB);
    expect((await openProc().sample([program.root], 'full')).get(0)?.pssBytes).toBeNull();
  });

  it('keeps no file open of what has gone, was forgotten, or at the end', async () => {
    const openInProc = () => readdirSync('/proc/self/fd').length;
    const before = openInProc();
    const sampler = openProc();
    const programs = Array.from({ length: 5 }, (_, id) => start('sleep', ['60'], id));
    // Three pipes each are the test's own.
    await sampler.sample(
      programs.map(({ root }) => root),
      'full',
    );
    const [first, second] = programs;
    if (first === undefined || second === undefined) throw new Error('five were started');
    const kept = openInProc();
    first.child.kill('SIGKILL');
    await once(first.child, 'close');
    await sampler.sample([second.root], 'basic');
    sampler.forget(1);
    expect(kept - openInProc()).toBeGreaterThanOrEqual(6);
    sampler.close();
    for (const { child } of programs) child.kill('SIGKILL');
    await Promise.all(programs.slice(1).map(({ child }) => once(child, 'close')));
    expect(openInProc()).toBeLessThanOrEqual(before);
    expect(programs.some(({ root }) => isAlive(root.identity))).toBe(false);
  });
});

describe('a reader of one process', () => {
  it('reads it again when it has run, and only then', async (context) => {
    const cpuClock = openCpuClock(true);
    context.skip(cpuClock(process.pid) === null, 'no koffi here, so no CPU clocks');
    const { root, child, line } = start(process.execPath, ['-e', BURNER]);
    expect(await line()).toBe('here');
    const reader = openProcessReader(root.identity.pid, { budget: createFdBudget(4), cpuClock });
    onTestFinished(() => reader.close());
    const resting = () => {
      const reading = reader.read('full', null);
      return reading?.stat.state === 'S' && reader.read('full', null) === reading && reading;
    };
    const before = await until(resting, { what: 'it rests' });
    expect(reader.read('basic', null)).toBe(before);
    child.stdin?.write('\n');
    expect(await line()).toBe('burnt');
    expect(reader.read('full', null)).not.toBe(before);
    const after = await until(resting, { what: 'it rests again' });
    expect(after.stat.userTicks).toBeGreaterThan(before.stat.userTicks);
    expect(after.full?.status?.voluntarySwitches).toBeGreaterThan(before.full?.status?.voluntarySwitches ?? 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(reader.read('full', null)).toBeNull();
  });
});

describe('sampler without /proc', () => {
  it('gives memory and cpu of root processes, and keeps the cpu time of the dead', async () => {
    const sampler = open(() => createPortableSampler(systemClock));
    const program = start(process.execPath, ['-e', BURNER]);
    await program.line();
    await burn(program);
    const vitals = (await sampler.sample([program.root], 'full')).get(0);
    expect(vitals?.rssBytes).toBeGreaterThan(20 * MB);
    expect(vitals?.openFds).toBeNull();
    const counted = cpuSeconds(sampler);
    expect(counted).toBeGreaterThanOrEqual(0.25);
    program.child.kill('SIGKILL');
    await once(program.child, 'exit');
    expect((await sampler.sample([program.root], 'full')).size).toBe(0);
    expect(cpuSeconds(sampler)).toBe(counted);
  });
});
