import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import pidusage from 'pidusage';
import { describe, expect, onTestFinished, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { needsPrograms } from '../support/programs.ts';
import { type Exposed, readExposition } from '../support/prometheus-text.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

const EXPORTER = 'prometheus-process-exporter';
const TIME = '/usr/bin/time';
const TREE = { app: 'tree' };
/** How far two figures may be apart. */
const SHARE = 0.05;
/** Figures that are near nothing agree when they are this near to each other: both do not look at the same moment. */
const LEAST = 10;
/** The same of bytes: some pages of a program may be read between both looks. */
const LEAST_BYTES = 64 * 1024;

function expectAlike(ours: number | undefined, theirs: number | undefined, what: string, least = LEAST): void {
  const [a = Number.NaN, b = Number.NaN] = [ours, theirs];
  expect(Math.abs(a - b), `${what}: ours ${ours}, theirs ${theirs}`).toBeLessThanOrEqual(Math.max(least, b * SHARE));
}

/** The same, of seconds: the kernel counts them in hundredths. */
function expectSecondsAlike(ours: number, theirs: number, what: string): void {
  const allowed = Math.max(0.05, theirs * SHARE);
  expect(Math.abs(ours - theirs), `${what}: ours ${ours}, theirs ${theirs}`).toBeLessThanOrEqual(allowed);
}

interface Looks {
  readonly ours: Exposed;
  readonly theirs: Exposed;
}

describe('prometheus-process-exporter', () => {
  test('agrees within 5 % on a tree that works', async (context) => {
    needsPrograms(context, EXPORTER);
    const home = testHome({ PROMVISOR_METRICS_PSS: 'true' });
    await startApps(home, [appOf('tree', 'works-on-signal.cjs', { args: [home.root] })]);
    await until(() => home.log('tree').includes('ready'), { what: 'the tree is there' });
    const exporter = await startExporter(home);
    const look = async (): Promise<Looks> => {
      const [ours, theirs] = await Promise.all([
        home.http('/metrics'),
        askHttp({ address: exporter, path: '/metrics' }),
      ]);
      return { ours: readExposition(ours.body), theirs: readExposition(theirs.body) };
    };
    const before = await look();
    expectPssAlike(before);
    for (const round of [1, 2]) {
      await home.ok(['sendSignal', 'SIGUSR2', 'tree']);
      await until(() => home.log('tree').includes(`worked ${round}`), { what: 'the work is done', timeoutMs: 60_000 });
    }
    const after = await look();
    expectGaugesAlike(after);
    expectGrowthAlike(before, after);
  });
});

/** Ours is up to a minute old later on. */
function expectPssAlike({ ours, theirs }: Looks): void {
  const labels = { groupname: 'tree', memtype: 'proportionalResident' };
  const their = theirs.value('namedprocess_namegroup_memory_bytes', labels);
  expectAlike(ours.value('promvisor_instance_proportional_memory_bytes', TREE), their, 'proportional memory');
}

function expectGaugesAlike({ ours, theirs }: Looks): void {
  const mine = (name: string) => ours.value(`promvisor_instance_${name}`, TREE);
  const its = (name: string, labels = {}) =>
    theirs.value(`namedprocess_namegroup_${name}`, { groupname: 'tree', ...labels });
  expect(mine('processes')).toBe(3);
  expect(its('num_procs')).toBe(3);
  expectAlike(mine('resident_memory_bytes'), its('memory_bytes', { memtype: 'resident' }), 'resident memory');
  expectAlike(mine('virtual_memory_bytes'), its('memory_bytes', { memtype: 'virtual' }), 'virtual memory');
  expectAlike(mine('swap_memory_bytes'), its('memory_bytes', { memtype: 'swapped' }), 'swap');
  expectAlike(mine('threads'), its('num_threads'), 'threads');
  const ratio = (mine('open_fds') ?? Number.NaN) / (mine('max_fds') ?? Number.NaN);
  const worst = its('worst_fd_ratio') ?? Number.NaN;
  expect(Math.abs(ratio - worst), `files: ours ${ratio}, theirs ${worst}`).toBeLessThanOrEqual(worst * SHARE);
}

/** The exporter counts from its own first look on. */
function expectGrowthAlike(before: Looks, after: Looks): void {
  const mine = (name: string, labels = {}) => {
    const at = ({ ours }: Looks) => ours.value(`promvisor_instance_${name}`, { ...TREE, ...labels }) ?? Number.NaN;
    return at(after) - at(before);
  };
  const its = (name: string, labels = {}) => {
    const at = ({ theirs }: Looks) =>
      theirs.value(`namedprocess_namegroup_${name}`, { groupname: 'tree', ...labels }) ?? Number.NaN;
    return at(after) - at(before);
  };
  for (const mode of ['user', 'system']) {
    expectSecondsAlike(mine('cpu_seconds_total', { mode }), its('cpu_seconds_total', { mode }), `cpu ${mode}`);
  }
  expect(mine('cpu_seconds_total', { mode: 'user' })).toBeGreaterThan(4);
  expectAlike(mine('write_bytes_total'), its('write_bytes_total'), 'bytes written');
  expect(mine('write_bytes_total')).toBeGreaterThanOrEqual(2 * 3 * 24 * 1024 * 1024);
  expectAlike(mine('read_bytes_total'), its('read_bytes_total'), 'bytes read', LEAST_BYTES);
  for (const [kind, ctxswitchtype] of [
    ['voluntary', 'voluntary'],
    ['involuntary', 'nonvoluntary'],
  ]) {
    const theirs = its('context_switches_total', { ctxswitchtype });
    expectAlike(mine('context_switches_total', { kind }), theirs, `${kind} context switches`);
  }
  for (const kind of ['major', 'minor']) {
    expectAlike(mine('page_faults_total', { kind }), its(`${kind}_page_faults_total`), `${kind} page faults`);
  }
}

describe('time(1)', () => {
  test.for([
    ['that nobody looked at', false],
    ['that were looked at all the time', true],
  ] as const)('agrees within 5 % on the cpu time and page faults of lives %s', async ([, looks], context) => {
    needsPrograms(context, TIME);
    const home = testHome();
    const file = path.join(home.root, 'time.txt');
    const timed = ['-q', '-a', '-o', file, '-f', '%U %S %R %F', process.execPath, fixture('burns-and-exits.cjs')];
    await startApps(home, [
      {
        name: 'burner',
        script: TIME,
        interpreter: 'none',
        args: timed,
        max_restarts: 4,
        min_uptime: '60s',
        merge_logs: true,
      },
    ]);
    const over = async () => {
      if (looks) await home.http('/metrics');
      return (await home.instance('burner')).status === 'fatal';
    };
    await until(over, { what: 'it gave up', timeoutMs: 60_000 });
    const lives = readFileSync(file, 'utf8').trim().split('\n');
    expect(lives.length).toBeGreaterThanOrEqual(4);
    const sum = (field: number) => lives.reduce((total, life) => total + Number(life.split(' ')[field]), 0);
    const ours = (name: string, labels = {}) => home.metric(`promvisor_instance_${name}`, { app: 'burner', ...labels });
    expectSecondsAlike(await ours('cpu_seconds_total', { mode: 'user' }), sum(0), 'user');
    expectSecondsAlike(await ours('cpu_seconds_total', { mode: 'system' }), sum(1), 'system');
    expect(sum(0)).toBeGreaterThan(0.6 * lives.length);
    // time(1) itself has some too.
    expectAlike(await ours('page_faults_total', { kind: 'minor' }), sum(2), 'minor page faults');
  });
});

describe('pidusage', () => {
  test('agrees within 5 % on memory and cpu time of a process', async () => {
    const home = testHome();
    const program =
      'const from = process.cpuUsage().user; while (process.cpuUsage().user - from < 800_000) for (let i = 0; i < 1e6; i++); console.log("burnt"); setInterval(() => {}, 1e6);';
    await startApps(home, [{ name: 'tree', script: process.execPath, interpreter: 'none', args: ['-e', program] }]);
    await until(() => home.log('tree').includes('burnt'), { what: 'it has used its cpu time' });
    const { pid } = await untilStatus(home, 'tree', 'running');
    onTestFinished(() => pidusage.clear());
    const [usages, { body }] = await Promise.all([pidusage([pid ?? 0]), home.http('/metrics')]);
    const usage = usages[String(pid)];
    const { value } = readExposition(body);
    expectAlike(value('promvisor_instance_resident_memory_bytes', TREE), usage?.memory, 'resident memory');
    const secondsOf = (mode: string) => value('promvisor_instance_cpu_seconds_total', { ...TREE, mode }) ?? Number.NaN;
    expectSecondsAlike(secondsOf('user') + secondsOf('system'), (usage?.ctime ?? Number.NaN) / 1000, 'cpu');
  });
});

async function startExporter(home: TestHome): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const cmdline = `works-on-signal\\.cjs ${home.root.replaceAll('.', '\\.')}`;
  const config = home.write('exporter.yml', `process_names: [{ name: tree, cmdline: ['${cmdline}'] }]\n`);
  const child = spawn(EXPORTER, [`-config.path=${config}`, `-web.listen-address=${address}`], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const sees = async () => (await askHttp({ address, path: '/metrics' })).body.includes('groupname="tree"');
  await until(sees, { what: 'the exporter sees the tree' });
  return address;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : 0));
    });
  });
}
