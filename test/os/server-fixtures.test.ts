import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocket } from 'undici';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { fixture } from '../support/cli.ts';
import { startLoad } from '../support/load.ts';
import { until } from '../support/until.ts';

const SERVERS = ['http-graceful', 'http-plain', 'express', 'fastify', 'koa', 'ws', 'https'];
const folder = mkdtempSync(path.join(tmpdir(), 'promvisor-servers-'));
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(name: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [fixture(`servers/${name}.cjs`)], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const gone = once(child, 'exit').then(([code]: (number | null)[]) => code);
  const says = (pattern: RegExp) => until(() => pattern.exec(text), { what: `"${pattern.source}" of ${name}` });
  return { child, says, gone, port: async () => (await says(/listening on (\d+)\n/))[1] };
}

async function answerOf(name: string, port: string | undefined): Promise<unknown> {
  const url = `${name === 'https' ? 'https' : 'http'}://127.0.0.1:${port}/`;
  const load = startLoad({ url, keepAlive: false });
  await until(() => load.requests > 0, { what: 'a request' });
  const { failures, bodies } = await load.stop();
  expect(failures).toEqual([]);
  expect(bodies.size).toBe(1);
  return JSON.parse([...bodies.keys()][0] ?? '');
}

function releaseFile(text: string): string {
  const file = path.join(folder, 'release');
  writeFileSync(file, `${text}\n`);
  return file;
}

describe('the servers that reload tests load', () => {
  test.each(SERVERS)('%s answers who it is, and ends on SIGINT', async (name) => {
    const server = start(name, { NODE_APP_INSTANCE: '1', RELEASE: 'b' });
    expect(await answerOf(name, await server.port())).toEqual({ pid: server.child.pid, slot: '1', version: 'b' });
    server.child.kill('SIGINT');
    expect(await server.gone).toBe(name === 'http-plain' ? null : 0);
  });

  test('a release file names behaviour and version', async () => {
    const server = start('http-plain', { RELEASE_FILE: releaseFile('ok next') });
    expect(await answerOf('http-plain', await server.port())).toMatchObject({ version: 'next' });
  });

  test('a broken release throws at load, never listens, or dies once it listens', async () => {
    const throws = start('koa', { RELEASE_FILE: releaseFile('throw') });
    expect(await throws.gone).toBe(1);
    await throws.says(/throws at load/);

    const never = start('express', { RELEASE_FILE: releaseFile('never') });
    await never.says(/never listens \d+/);

    const dies = start('http-graceful', { RELEASE_FILE: releaseFile('die500') });
    await dies.port();
    expect(await dies.gone).toBe(1);
    await dies.says(/dies after it has listened/);
  });

  test('ws echoes', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${await start('ws').port()}/`);
    const echo = new Promise((resolve, reject) => {
      socket.addEventListener('open', () => socket.send('hello'));
      socket.addEventListener('message', ({ data }) => resolve(data));
      socket.addEventListener('error', ({ error }) => reject(error));
    });
    expect(await echo).toBe('hello');
    socket.close();
  });
});
