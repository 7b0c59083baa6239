import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { until } from '../support/until.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

/** Shows what the app can see of its agent, and what those see that it starts. */
const TELLS_ALL = `
  const cp = require('node:child_process');
  const { Worker } = require('node:worker_threads');
  const look = 'JSON.stringify([process.execArgv, Object.keys(process.env).filter((name) => /^PROMVISOR_(?!TEST)|NODE_OPTIONS/.test(name))])';
  const wait = (emitter) => new Promise((resolve) => emitter.once('message', resolve));
  const { writeFileSync } = require('node:fs');
  writeFileSync('looks.cjs', 'process.send(' + look + '); process.disconnect()');
  writeFileSync('prints.cjs', 'console.log(' + look + ')');
  (async () => {
    console.log('app ' + eval(look));
    console.log('fork ' + await wait(cp.fork('looks.cjs')));
    console.log('spawn ' + cp.execFileSync(process.execPath, [...process.execArgv, 'prints.cjs']).toString().trim());
    const thread = new Worker('require("node:worker_threads").parentPort.postMessage(' + look + ')', { eval: true });
    console.log('thread ' + await wait(thread));
    const forks = 'require("node:child_process").fork("looks.cjs").once("message", (text) => require("node:worker_threads").parentPort.postMessage(text))';
    console.log('threadFork ' + await wait(new Worker(forks, { eval: true })));
    process.disconnect();
  })();
`;

test('it says hello, with the instance it speaks for', async () => {
  const { daemon, start } = await agentBench(agent);
  const app = start('setInterval(() => {}, 1000)');
  expect(await daemon.untilHeard('hello')).toEqual([
    { type: 'hello', protocol: 1, id: 7, generation: 3, pid: app.pid },
  ]);
});

const WAYS: readonly (readonly [string, (file: string) => string[]])[] = [
  ['--require', (file) => ['--require', file]],
  ['-r', (file) => ['-r', file]],
  ['--require=', (file) => [`--require=${file}`]],
];

test.each(WAYS)('preloaded by %s it leaves no trace in what the app starts', async (flag, argvFor) => {
  const { folder, start } = await agentBench(agent);
  const link = path.join(folder, 'link.cjs');
  symlinkSync(agent, link);
  const preload = argvFor(flag === '-r' ? link : agent);
  const { stdout, stderr } = await start(TELLS_ALL, { preload, nodeArgs: ['--no-warnings'] }).ended;
  const nothing = '[["--no-warnings"],[]]';
  expect(stderr).toBe('');
  const everywhere = ['app', 'fork', 'spawn', 'thread', 'threadFork'].map((where) => `${where} ${nothing}`);
  expect(stdout.trim().split('\n')).toEqual(everywhere);
});

test.each([
  ['nothing', null],
  ['empty text', ''],
  ['no JSON', '{"socket'],
  ['null', 'null'],
  ['a number', '7'],
  ['a relative socket', '{"socket":"a.sock","id":1,"generation":1}'],
  ['no id', '{"socket":"/a.sock","generation":1}'],
])('with %s in its variable it does nothing', async (_name, variable) => {
  const { daemon, start } = await agentBench(agent);
  const source = `
    console.log(process.env.PROMVISOR_AGENT === undefined, Object.hasOwn(process, 'emit'));
    require('node:net').createServer().listen(0, () => setTimeout(() => process.exit(), 200));
  `;
  expect(await start(source, { variable }).ended).toEqual({
    code: 0,
    signal: null,
    stdout: 'true false\n',
    stderr: '',
  });
  expect(daemon.heard).toEqual([]);
});

test('it does not run in a worker thread, even one that is given the variable', async () => {
  const { daemon, variable, start } = await agentBench(agent);
  const source = `
    const { Worker } = require('node:worker_threads');
    const env = { PROMVISOR_AGENT: process.env.GIVEN };
    new Worker('setTimeout(() => {}, 300)', { eval: true, env, execArgv: ['--require', ${JSON.stringify(agent)}] })
      .on('exit', () => process.exit());
  `;
  await start(source, { variable: null, env: { GIVEN: variable } }).ended;
  expect(daemon.heard).toEqual([]);
});

describe('an app that ends by itself still does', () => {
  const endings = [
    ['CommonJS', 'cjs', 'console.log("done")'],
    ['an ES module', 'mjs', 'import "node:net"; await null; console.log("done")'],
  ] as const;
  test.each(endings)('%s, with a daemon', async (_name, kind, source) => {
    const { start } = await agentBench(agent);
    expect(await start(source, { kind, nodeArgs: [] }).ended).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' });
  });
  test.each(endings)('%s, without one', async (_name, kind, source) => {
    const { daemon, start } = await agentBench(agent);
    await daemon.stop();
    expect(await start(source, { kind }).ended).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' });
    await daemon.start();
  });
  test('while it is connected', async () => {
    const { daemon, start } = await agentBench(agent);
    const app = start('process.once("message", () => process.disconnect())');
    await daemon.untilHeard('hello');
    app.child.send('end');
    expect(await app.ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
  test('while a daemon is there that does not read', async () => {
    const { daemon, start } = await agentBench(agent);
    const app = start('process.once("message", () => process.disconnect())');
    await daemon.untilHeard('hello');
    // More answers than a socket holds: the agent gives up this connection instead of queueing.
    daemon.sayRaw('{"type":"vitals","seq":1}\n'.repeat(20_000));
    await daemon.untilHeard('vitals');
    app.child.send('end');
    expect(await app.ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

test('it connects again, says hello first, and names the servers that listen', async () => {
  const { daemon, start } = await agentBench(agent);
  const app = start(`
    const net = require('node:net');
    const closed = net.createServer().listen(0);
    process.once('message', () => closed.close(() => process.send('closed')));
    const server = net.createServer().listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
  `);
  const address = `127.0.0.1:${await app.untilSays('port')}`;
  await daemon.untilHeard('listening', 2);
  app.child.send('close');
  await once(app.child, 'message');
  await daemon.stop();
  await daemon.start();
  await daemon.untilHeard('hello', 2);
  await daemon.untilHeard('listening', 3);
  const again = daemon.heard.slice(daemon.heard.findLastIndex(({ type }) => type === 'hello'));
  expect(again.slice(1)).toEqual([{ type: 'listening', address }]);
});

test('what the daemon says that it does not know is ignored, an endless line ends the connection', async () => {
  const { daemon, start } = await agentBench(agent);
  start('setInterval(() => {}, 1000)');
  await daemon.untilHeard('hello');
  daemon.sayRaw('\n{}\nnull\n[]\n{"type":"new"}\n{"type":"vitals"}\n{"type":"drain","graceMs":-1,"deadlineMs":"x"}\n');
  daemon.say({ type: 'vitals', seq: 1 });
  await daemon.untilHeard('vitals');
  daemon.sayRaw('x'.repeat(70_000));
  await daemon.untilHeard('hello', 2);
  daemon.say({ type: 'vitals', seq: 2 });
  expect((await daemon.untilHeard('vitals', 2)).map(({ seq }) => seq)).toEqual([1, 2]);
});

test('vitals are those of the process; utilisation is since the previous answer', async () => {
  const { daemon, start } = await agentBench(agent);
  const app = start(`
    require('node:net').createServer().listen(0);
    process.on('message', () => {
      for (const end = performance.now() + 300; performance.now() < end; );
      process.send('busy');
    });
  `);
  await daemon.untilHeard('listening');
  daemon.say({ type: 'vitals', seq: 1 });
  await daemon.untilHeard('vitals', 1);
  app.child.send('go');
  await once(app.child, 'message');
  daemon.say({ type: 'vitals', seq: 2 });
  const [first, second] = await daemon.untilHeard('vitals', 2);
  expect(first?.vitals.eventLoopUtilizationRatio).toBeLessThanOrEqual(1);
  expect(second?.vitals.eventLoopUtilizationRatio).toBeGreaterThan(0.5);
  expect(second?.vitals.heapUsedBytes).toBeGreaterThan(1_000_000);
  expect(second?.vitals.heapTotalBytes).toBeGreaterThanOrEqual(second?.vitals.heapUsedBytes ?? 0);
  expect(second?.vitals.heapLimitBytes).toBeGreaterThan(10_000_000);
  expect(second?.vitals.externalBytes).toBeGreaterThan(0);
  // The server and the IPC channel.
  expect(second?.vitals).toMatchObject({ activeHandles: 2, activeRequests: 0 });
});

test('TypeScript that Node strips itself is an app like any other', async (context) => {
  context.skip(!('typescript' in process.features) || !process.features.typescript, 'this Node does not strip types');
  const { daemon, start } = await agentBench(agent);
  start('import { createServer } from "node:http"; const port: number = 0; createServer().listen(port);', {
    kind: 'ts',
  });
  await daemon.untilHeard('listening');
});

test('the daemon hears nothing unasked, and the app sees no listener of ours', async () => {
  const { daemon, start } = await agentBench(agent);
  const app = start(`
    const server = require('node:http').createServer((request, response) => response.end());
    const before = server.eventNames().map((name) => [name, server.listenerCount(name)]);
    const { listen, close, emit } = server;
    console.log('here');
    server.listen(0, () => {
      const after = server.eventNames().map((name) => [name, server.listenerCount(name)]);
      const isSame = server.listen === listen && server.close === close && server.emit === emit;
      const events = ['exit', 'beforeExit', 'uncaughtException'].filter((name) => process.listenerCount(name) > 0);
      console.log('sees ' + JSON.stringify([before, after, isSame, events]));
    });
  `);
  const [before, after, isSame, events] = JSON.parse(await app.untilSays('sees'));
  expect([after, isSame, events]).toEqual([before, true, []]);
  await daemon.untilHeard('listening');
  await until(() => daemon.connections() === 1, { what: 'one connection' });
  expect(daemon.heard.map(({ type }) => type)).toEqual(['hello', 'listening']);
});
