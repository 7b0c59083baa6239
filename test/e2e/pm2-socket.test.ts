import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startApps, untilStatus } from '../support/apps.ts';
import {
  askRaw,
  framed,
  installPm2Clients,
  type Pm2Package,
  runClient,
  scrapeExporter,
} from '../support/pm2-clients.ts';
import { type TestHome, testHome } from '../support/test-home.ts';

const API = { PROMVISOR_PM2_API: 'true' };
/** Sends back what it is sent. */
const TALKS = `
process.send({ type: 'app:ready', data: { number: 1 } });
process.on('message', (message) => process.send({ type: 'app:echo', data: message.data }));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => console.log('heard ' + line));
`;
const TICKS = "console.log('up');\nsetInterval(() => console.log('tick'), 100);\n";

const inHome = (home: TestHome, file: string) => path.join(home.root, 'home', file);
const call = (method: string, ...args: readonly unknown[]) =>
  framed(`j:${JSON.stringify({ type: 'call', method, args })}`, 's:7:1');

describe("PM2's sockets", () => {
  test('are there for the owner only while a daemon runs that was told to open them', async () => {
    const home = testHome(API);
    await home.ok(['start', home.write('ticks.cjs', TICKS)]);
    for (const socket of ['rpc.sock', 'pub.sock']) expect(statSync(inHome(home, socket)).mode & 0o777).toBe(0o600);
    expect(Number(readFileSync(inHome(home, 'pm2.pid'), 'latin1'))).toBe((await home.ping()).pid);
    await home.ok(['kill']);
    for (const file of ['rpc.sock', 'pub.sock', 'pm2.pid']) expect(existsSync(inHome(home, file))).toBe(false);
    await home.ok(['start', path.join(home.work, 'ticks.cjs')], { env: { PROMVISOR_PM2_API: 'false' } });
    expect(existsSync(inHome(home, 'rpc.sock'))).toBe(false);
  });

  test('answer in frames, and nonsense costs whoever says it the connection and nobody else anything', async () => {
    const home = testHome(API);
    await home.ok(['start', home.write('ticks.cjs', TICKS)]);
    const rpc = inHome(home, 'rpc.sock');
    const answer = (bytes: Buffer) => askRaw(rpc, bytes, (text) => text.includes('s:7:1'));
    expect(await answer(call('getVersion', {}))).toContain('j:{"args":["7.0.4"]}');
    expect(await answer(call('nosuch'))).toContain('{"error":"method \\"nosuch\\" does not exist"}');
    expect(await answer(call('constructor'))).toContain('does not exist');
    expect(await answer(call('restartProcessId', { id: 'all' }))).toContain('"error":"id: expected a whole number');
    expect(await answer(call('stopProcessId', 9))).toContain('{"error":"9 : id unknown"');
    const nonsense = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.of(0x11, 255, 255, 255, 255),
      Buffer.alloc(1e6, 0x11),
    ];
    expect(await Promise.all(nonsense.map((bytes) => askRaw(rpc, bytes, () => false)))).toEqual(['', '', '']);
    const { pid } = await home.instance('ticks');
    expect(await answer(call('restartProcessId', { id: 0, env: { WHO: 'pm2' } }))).toContain('"WHO":"pm2"');
    const after = await home.instance('ticks');
    expect([after.status, after.restarts]).toEqual(['running', 1]);
    expect(after.pid).not.toBe(pid);
  });
});

test('a PM2 that has the home keeps its sockets, and the daemon goes on without', async () => {
  const home = testHome(API);
  mkdirSync(path.join(home.root, 'home'), { mode: 0o700 });
  const other = net.createServer((socket) => {
    // The daemon only looks whether somebody is here.
    socket.on('error', () => {});
    socket.end('another');
  });
  await new Promise<void>((resolve) => other.listen(inHome(home, 'rpc.sock'), resolve));
  onTestFinished(() => void other.close());
  await home.ok(['start', home.write('ticks.cjs', TICKS)]);
  expect(await askRaw(inHome(home, 'rpc.sock'), Buffer.of(0), () => false)).toBe('another');
  expect([existsSync(inHome(home, 'pub.sock')), existsSync(inHome(home, 'pm2.pid'))]).toEqual([false, false]);
});

/** Lists, restarts, starts, deletes and listens, and says what it has seen as JSON. */
const CLIENT = `
const seen = [];
const ask = (method, ...args) => new Promise((resolve, reject) => {
  pm2[method](...args, (error, answer) => error ? reject(error) : resolve(answer));
});
const until = (what) => new Promise((resolve) => {
  const timer = setInterval(() => seen.includes(what) && (clearInterval(timer), resolve()), 20);
});
(async () => {
  await ask('connect');
  const before = (await ask('list')).map(({ name, pm2_env }) => name + ' ' + pm2_env.status);
  const bus = await ask('launchBus');
  bus.on('log:out', ({ process, data }) => seen.push(process.name + ': ' + data.trim()));
  bus.on('process:event', ({ process, event }) => seen.push(process.name + ' ' + event));
  await until('ticks: tick');
  await ask('restart', 'ticks');
  await until('ticks restart');
  await ask('start', { script: 'ticks.cjs', name: 'more', args: ['a'] });
  await until('more: up');
  bus.on('app:echo', ({ process, data }) => seen.push(process.name + ' said ' + data.word));
  const [talks] = await ask('describe', 'talks');
  await ask('sendDataToProcessId', talks.pm_id, { type: 'process:msg', data: { word: 'hello' }, topic: 'any' });
  await until('talks said hello');
  await ask('sendLineToStdin', talks.pm_id, 'a line\\n');
  await until('talks: heard a line');
  const [more] = await ask('describe', 'more');
  await ask('delete', 'more');
  const error = await ask('stop', 'nosuch').catch((error) => error.message);
  const after = (await ask('list')).map(({ name, pm2_env }) => name + ' ' + pm2_env.restart_time);
  process.stdout.write('ANSWER' + JSON.stringify({ before, after, args: more.pm2_env.args, error, seen }));
  process.exit(0);
})();
`;

describe('programs from npm', () => {
  let modules = '';
  beforeAll(async () => {
    modules = await installPm2Clients().catch((error: unknown) => {
      console.log(`skipped: programs that read PM2 are installed from npm: ${error}`);
      return '';
    });
  }, 260_000);

  test('clients of PM2 5, 6 and 7 list, act and listen, and start no daemon of their own', async ({ skip }) => {
    skip(modules === '', 'no registry answers');
    const home = testHome(API);
    await home.ok(['start', home.write('ticks.cjs', TICKS)]);
    await home.ok(['start', home.write('talks.cjs', TALKS)]);
    const { pid } = await home.ping();
    for (const [round, name] of (['pm2-5', 'pm2-6', 'pm2-7'] as const).entries()) {
      const said = await runClient(home, modules, { name, source: CLIENT });
      const { before, after, args, error, seen } = JSON.parse(said.slice(said.indexOf('ANSWER') + 6));
      expect({ name, before, after, args }).toEqual({
        name,
        before: ['ticks online', 'talks online'],
        after: [`ticks ${round + 1}`, 'talks 0'],
        args: ['a'],
      });
      expect(error).toMatch(/not found/);
      expect(seen).toEqual(expect.arrayContaining(['ticks: tick', 'ticks exit', 'ticks online', 'ticks restart']));
      expect(seen).toEqual(expect.arrayContaining(['more online', 'more: up', 'more exit']));
    }
    expect((await home.ping()).pid).toBe(pid);
    expect(Number(readFileSync(inHome(home, 'pm2.pid'), 'latin1'))).toBe(pid);
  });

  test('two exporters show the apps and the restarts that the daemon shows', async ({ skip }) => {
    skip(modules === '', 'no registry answers');
    const home = testHome(API);
    const idle = home.write('idle.cjs', 'setInterval(() => {}, 1000);\n');
    const apps = [
      { name: 'web', script: idle, instances: 2, exec_mode: 'fork' },
      { name: 'job', script: idle },
    ];
    await startApps(home, apps);
    await home.ok(['restart', 'job']);
    await home.ok(['stop', 'web']);
    await untilStatus(home, 'job', 'running');
    const shown = (await home.instances()).map(({ id, app, slot, status, restarts }) => {
      return { id, app, slot, up: status === 'running' ? 1 : 0, restarts };
    });
    const names: readonly Pm2Package[] = ['pm2-metrics', 'pm2-prometheus-exporter'];
    const isWhole = (page: string) => shown.every(({ app }) => page.includes(`name="${app}"`));
    const [metrics = '', exporter = ''] = await Promise.all(
      names.map((name) => scrapeExporter(home, modules, { name, isWhole })),
    );
    for (const { id, app, slot, up, restarts } of shown) {
      expect(sample(metrics, 'pm2_up', `id="${id}"`)).toBe(up);
      expect(sample(metrics, 'pm2_restarts', `id="${id}"`)).toBe(restarts);
      expect(sample(exporter, 'pm2_up', `name="${app}",instance="${slot}"`)).toBe(up);
    }
    expect(shown.map(({ restarts }) => restarts)).toEqual([0, 0, 1]);
  });
});

function sample(page: string, family: string, label: string): number {
  const line = page.split('\n').find((text) => text.startsWith(`${family}{`) && text.includes(label));
  return Number(line?.split(' ').at(-1));
}
