import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostSchedule } from '../../src/base/host-protocol.ts';
import { readProcStat } from '../../src/os/procfs.ts';
import { buildHost, fixture, program, type TestedHost, testHost } from '../support/cluster-host.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

let built: ReturnType<typeof buildHost>;
beforeAll(() => {
  built = buildHost();
});
afterAll(() => built.remove());

const first = { id: 0, generation: 1 };
const second = { id: 1, generation: 1 };
const SERVER = fixture('http-server.cjs');

const start = (options?: Parameters<typeof testHost>[1]) => testHost(built.program, options);

/** Facts of workers without what differs from run to run. */
const told = (host: TestedHost, id: number) =>
  host.facts.filter((fact) => fact.id === id).map((fact) => (fact.type === 'exited' ? fact : fact.type));

describe('workers', () => {
  test.each<HostSchedule>(['shared', 'round_robin'])('two serve on one port, %s', async (schedule) => {
    const host = await start({ schedule });
    const workers = [await host.fork({ ...first, script: SERVER }), await host.fork({ ...second, script: SERVER })];
    const [one, other] = await Promise.all(workers.map((worker) => worker.fact('listening')));
    expect(one?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(other?.address).toBe(one?.address);
    const pids = await Promise.all(workers.map((worker) => worker.pid()));
    const answered = new Set<number>();
    await until(
      async () => {
        answered.add(Number((await askHttp({ address: one?.address ?? '', path: '/' })).body));
        return answered.size === 2;
      },
      { what: 'an answer of both workers' },
    );
    expect([...answered].sort()).toEqual([...pids].sort());
  });

  test('each leads a session of its own, and so does the host', async () => {
    const host = await start();
    const worker = await host.fork(first);
    const pid = await worker.pid();
    expect(readProcStat(pid)).toMatchObject({ session: pid, pgrp: pid, ppid: host.client.identity.pid });
    const hostPid = host.client.identity.pid;
    expect(readProcStat(hostPid)).toMatchObject({ session: hostPid });
  });

  test('each has exactly the environment, arguments, flags and directory it was given', async () => {
    const host = await start({ env: { PATH: '/bin', OF_THE_HOST: 'yes', TZ: 'Asia/Tokyo' } });
    const script = program(
      host,
      'says.cjs',
      `console.log('says ' + JSON.stringify([process.argv.slice(2), process.execArgv, process.cwd(), process.umask()]));
       setInterval(() => {}, 1e6)`,
    );
    const env = { OWN: 'a=b\nü', EMPTY: '' };
    const request = { script, args: ['--x', 'y z'], execArgv: ['--no-warnings'], cwd: '/', env };
    const worker = await host.fork({ ...first, ...request });
    const line = await worker.line('says ');
    expect(JSON.parse(line.slice(5))).toEqual([['--x', 'y z'], ['--no-warnings'], '/', process.umask()]);
    const variables = readFileSync(`/proc/${await worker.pid()}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean);
    const ofNode = /^(NODE_UNIQUE_ID|NODE_CHANNEL_FD|NODE_CHANNEL_SERIALIZATION_MODE)=/;
    expect(variables.filter((one) => !ofNode.test(one)).sort()).toEqual(['EMPTY=', 'OWN=a=b\nü']);
  });

  test('a later one gets nothing of an earlier one', async () => {
    const host = await start();
    const early = await host.fork({ ...first, env: { EARLY: '1' }, execArgv: ['--no-warnings'], args: ['early'] });
    await early.pid();
    const script = program(host, 'says.cjs', `console.log('says ' + [...process.argv.slice(2), ...process.execArgv])`);
    const late = await host.fork({ ...second, script });
    expect(await late.line('says ')).toBe('says ');
    expect(readFileSync(`/proc/${await early.pid()}/environ`, 'utf8')).toContain('EARLY=1');
  });

  test('an ES module is run as node would', async () => {
    const host = await start();
    const text = `import os from 'node:os'; console.log('esm ' + typeof os.uptime + typeof require); await 0; process.exit(4);`;
    const worker = await host.fork({ ...first, script: program(host, 'app.mjs', text) });
    expect(await worker.line('esm ')).toBe('esm functionundefined');
    expect(await worker.fact('exited')).toMatchObject({ code: 4, signal: null });
  });

  test('TypeScript is run where node does', async (context) => {
    const runs = 'typescript' in process.features && process.features.typescript !== false;
    context.skip(!runs, 'this Node runs no TypeScript');
    const host = await start();
    const text = 'const code: number = 6; process.exit(code);';
    const worker = await host.fork({ ...first, script: program(host, 'app.mts', text) });
    expect(await worker.fact('exited')).toMatchObject({ code: 6, signal: null });
  });

  test.each([
    ['code 0', 'process.exit(0)', { code: 0, signal: null }],
    ['code 3', 'process.exit(3)', { code: 3, signal: null }],
    ['an uncaught error', 'throw new Error("no")', { code: 1, signal: null }],
    ['SIGKILL', 'process.kill(process.pid, "SIGKILL")', { code: null, signal: 'SIGKILL' }],
    ['SIGABRT', 'process.abort()', { code: null, signal: 'SIGABRT' }],
  ])('its end is told as it was: %s', async (_name, text, end) => {
    const host = await start();
    const worker = await host.fork({ ...first, script: program(host, 'app.cjs', text) });
    expect(await worker.fact('exited')).toEqual({ type: 'exited', ...first, ...end });
    expect(told(host, 0)).toHaveLength(2);
  });

  test('one that has disconnected lives until it exits', async () => {
    const host = await start();
    const text = `
      const { worker } = require('node:cluster');
      worker.once('disconnect', () => console.log('off'));
      worker.disconnect();
      process.on('SIGINT', () => process.exit(5));
      setInterval(() => {}, 1e6);`;
    const worker = await host.fork({ ...first, script: program(host, 'app.cjs', text) });
    await worker.line('off');
    host.client.send(first, 'nobody hears it');
    process.kill(await worker.pid(), 'SIGINT');
    await worker.fact('exited');
    expect(told(host, 0)).toEqual(['forked', { type: 'exited', ...first, code: 5, signal: null }]);
  });

  test('listening is told once for each address, ready once; messages reach it', async () => {
    const host = await start();
    const text = `
      const net = require('node:net');
      const listen = (...where) => new Promise((done) => { const s = net.createServer().listen(...where, () => done(s)); });
      process.on('message', (message) => console.log('got ' + JSON.stringify(message)));
      (async () => {
        const server = await listen(0, '127.0.0.1');
        const { port } = server.address();
        server.close();
        await new Promise((done) => server.once('close', done));
        await listen(port, '127.0.0.1');
        await listen(0, '::1').catch(() => {});
        await listen('app.sock');
        process.send('other');
        process.send('ready');
        process.send('ready', () => console.log('sent'));
      })();`;
    const worker = await host.fork({ ...first, script: program(host, 'app.cjs', text) });
    await worker.line('sent');
    host.client.send(first, { type: 'shutdown' });
    expect(await worker.line('got ')).toBe('got {"type":"shutdown"}');
    await worker.fact('ready');
    const addresses = host.facts.flatMap((fact) => (fact.type === 'listening' ? [fact.address] : []));
    expect(addresses).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^\[::1\]:\d+$/),
      path.join(host.folder, 'app.sock'),
    ]);
    expect(told(host, 0).filter((what) => what === 'ready')).toHaveLength(1);
  });

  test('tells what workers send while the daemon listens, and ready once in any case', async () => {
    const host = await start();
    const script = program(
      host,
      'sends.cjs',
      `process.send('ready'); process.on('message', (said) => process.send({ said }));`,
    );
    const worker = await host.fork({ ...first, script });
    await worker.fact('ready');
    host.client.send(first, 'unheard');
    host.client.listen(true);
    host.client.send(first, { n: 1 });
    await until(() => host.messages.length > 0, { what: 'a message' });
    host.client.listen(false);
    host.client.send(first, 'unheard');
    host.client.listen(true);
    host.client.send(first, 'last');
    await until(() => JSON.stringify(host.messages).includes('last'), { what: 'the last message' });
    expect(host.messages).toContainEqual([0, { said: { n: 1 } }]);
    expect(told(host, 0).filter((what) => what === 'ready')).toHaveLength(1);
  });
});

describe('what cannot be', () => {
  test('a port that the app of another host has: the worker dies and says why', async () => {
    const [one, other] = [await start(), await start()];
    const winner = await one.fork({ ...first, script: SERVER });
    const { address } = await winner.fact('listening');
    const loser = await other.fork({ ...first, script: SERVER, env: { PORT: address.split(':')[1] ?? '' } });
    expect(await loser.fact('exited')).toMatchObject({ code: 1, signal: null });
    expect(loser.output('stderr')).toContain('EADDRINUSE');
    expect(told(one, 0)).toEqual(['forked', 'listening']);
  });

  test('two workers for whom a port is taken do not end their host', async () => {
    const [one, other] = [await start(), await start({ schedule: 'round_robin' })];
    const { address } = await (await one.fork({ ...first, script: SERVER })).fact('listening');
    const env = { PORT: address.split(':')[1] ?? '' };
    const losers = await Promise.all([first, second].map((key) => other.fork({ ...key, script: SERVER, env })));
    for (const loser of losers) expect(await loser.fact('exited')).toMatchObject({ code: 1, signal: null });
    expect(other.losses).toEqual([]);
  });

  test.each([
    ['a directory that is not there', { cwd: '/no/such/folder' }, 'ENOENT', 'working directory /no/such/folder'],
    ['a pipe that is not there', { stdout: '/no/such/pipe' }, 'ENOENT', '/no/such/pipe'],
    ['a pipe that is a folder', { stderr: '/' }, 'EISDIR', 'EISDIR'],
    ['an environment no kernel takes', { env: { BIG: 'x'.repeat(4_000_000) } }, 'E2BIG', 'E2BIG'],
    ['a zero byte', { args: ['a\0b'] }, 'ERR_INVALID_ARG_VALUE', 'null bytes'],
  ])('%s: told, and the host goes on', async (_name, wrong, code, words) => {
    const host = await start();
    const worker = await host.fork({ ...first, ...wrong });
    const failure = await worker.fact('fork_failed');
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(words);
    expect(await (await host.fork(second)).pid()).toBeGreaterThan(0);
    expect(told(host, 0)).toEqual(['fork_failed']);
  });

  test('a worker that runs already is not forked again', async () => {
    const host = await start();
    await (await host.fork(first)).pid();
    const again = await host.fork(first);
    expect(await again.fact('fork_failed')).toMatchObject({ code: null });
    expect(told(host, 0)).toEqual(['forked', 'fork_failed']);
  });
});
