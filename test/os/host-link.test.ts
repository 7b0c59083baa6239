import { lstatSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOST_LINE_BYTES } from '../../src/base/host-protocol.ts';
import { VERSION } from '../../src/base/version.ts';
import { connectHost } from '../../src/os/host-client.ts';
import { buildHost, fixture, rawClient, testHost } from '../support/cluster-host.ts';
import { isRunning } from '../support/processes.ts';
import { until } from '../support/until.ts';

let built: ReturnType<typeof buildHost>;
beforeAll(() => {
  built = buildHost();
});
afterAll(() => built.remove());

const first = { id: 0, generation: 1 };
const start = (options?: Parameters<typeof testHost>[1]) => testHost(built.program, options);

describe('facts', () => {
  test('come again until they are acknowledged: none is lost, none comes twice after that', async () => {
    const host = await start();
    const worker = await host.fork({ ...first, script: fixture('http-server.cjs') });
    const pid = await worker.pid();
    await worker.fact('listening');
    host.client.close();
    process.kill(pid, 'SIGKILL');
    await until(() => !isRunning(pid), { what: 'the worker gone' });

    const careless = rawClient(host.socket);
    const told = await until(() => careless.received.find(({ type }) => type === 'fact'), { what: 'a fact' });
    expect(told.fact).toEqual({ type: 'exited', ...first, code: null, signal: 'SIGKILL' });
    careless.socket.destroy();

    const careful = rawClient(host.socket);
    await until(() => careful.received.length === 2, { what: 'hello and the same fact' });
    expect(careful.received[1]).toEqual(told);
    careful.say({ type: 'ack', seq: told.seq });
    careful.say({ type: 'fork', ...first });
    await careful.closed;

    const last = rawClient(host.socket);
    last.say({ type: 'end' });
    await last.closed;
    expect(last.received).toEqual([
      { type: 'hello', protocol: 1, version: VERSION, pid: host.client.identity.pid, workers: [], pending: 0, lost: 0 },
    ]);
    expect(host.facts.map(({ type }) => type)).toEqual(['forked', 'listening']);
  });

  test('go to a daemon that comes later, which learns who lives and goes on with them', async () => {
    const host = await start();
    const worker = await host.fork({ ...first, script: fixture('says-signals.cjs') });
    const pid = await worker.pid();
    await worker.line('ready');
    host.client.close();
    const { identity } = host.client;
    host.client = await connectHost({ socket: host.socket, identity }, host.handlers);
    expect(host.client.hello.workers).toEqual([{ ...first, pid, listening: false }]);
    process.kill(pid, 'SIGINT');
    expect(await worker.fact('exited')).toMatchObject({ code: 0, signal: null });
    expect(host.facts.map(({ type }) => type)).toEqual(['forked', 'exited']);
    expect(host.losses).toEqual([]);
  });
});

describe('who speaks to the host', () => {
  test('only its owner may, and a later client replaces an earlier one, who is told', async () => {
    const host = await start();
    expect(lstatSync(host.socket).mode & 0o777).toBe(0o600);
    const { identity } = host.client;
    host.client = await connectHost({ socket: host.socket, identity }, { ...host.handlers, onLost: () => {} });
    await until(() => host.losses.length === 1, { what: 'the loss' });
    expect(host.losses).toEqual([{ message: 'its connection was closed' }]);
    await (await host.fork(first)).pid();
  });

  test.each([
    ['no JSON', 'hello\n'],
    ['JSON that is no request', '[1]\n'],
    ['a request without its parts', '{"type":"fork","id":0,"generation":1}\n'],
    ['a line without end', 'x'.repeat(HOST_LINE_BYTES + 1)],
  ])('%s: the client is dropped, the host and its workers live', async (_name, text) => {
    const host = await start();
    const worker = await host.fork(first);
    const pid = await worker.pid();
    host.client.close();
    const nonsense = rawClient(host.socket);
    nonsense.say(text);
    await nonsense.closed;
    expect(host.log()).toContain('a client is dropped');
    const { identity } = host.client;
    host.client = await connectHost({ socket: host.socket, identity }, host.handlers);
    expect(host.client.hello.workers).toEqual([{ ...first, pid, listening: false }]);
  });

  test('a type of message that the host does not know is passed over', async () => {
    const host = await start();
    host.client.close();
    const newer = rawClient(host.socket);
    newer.say({ type: 'of the future' });
    newer.say({ type: 'end' });
    await newer.closed;
    expect(host.log()).toBe('');
  });

  test('another process at the socket is not taken for the host', async () => {
    const [host, other] = [await start(), await start()];
    const wrong = connectHost({ socket: host.socket, identity: other.client.identity }, other.handlers);
    await expect(wrong).rejects.toThrow('another process answers');
  });
});

describe('the end', () => {
  test('it exits with code 0 when told to and no worker is left, its socket with it; signals do not end it', async () => {
    const host = await start();
    const worker = await host.fork({ ...first, script: fixture('says-signals.cjs') });
    await worker.line('ready');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']) process.kill(host.client.identity.pid, signal);
    host.client.end();
    const refused = await host.fork({ id: 1, generation: 1 });
    expect(await refused.fact('fork_failed')).toMatchObject({ code: null });
    expect(host.losses).toEqual([]);
    process.kill(await worker.pid(), 'SIGINT');
    await until(() => host.losses.length > 0, { what: 'the end of the host' });
    expect(host.losses).toEqual([{ code: 0, signal: null }]);
    expect(host.facts.at(-1)).toEqual({ type: 'exited', ...first, code: 0, signal: null });
    expect(lstatSync(host.socket, { throwIfNoEntry: false })).toBeUndefined();
    expect(host.log()).toBe('');
  });

  test('when it is killed its workers end, and the loss is told once', async () => {
    const host = await start();
    const worker = await host.fork({ ...first, script: fixture('says-signals.cjs') });
    await worker.line('ready');
    const pid = await worker.pid();
    host.client.kill();
    await until(() => host.losses.length > 0 && !isRunning(pid), { what: 'host and worker gone' });
    host.client.kill();
    host.client.end();
    expect(host.losses).toEqual([{ code: null, signal: 'SIGKILL' }]);
  });

  test.each([
    ['no-such-node', 'ENOENT'],
    ['/bin/false', 'it ended with code 1 before it answered'],
  ])('a host that cannot be run names its interpreter: %s', async (interpreter, why) => {
    await expect(start({ interpreter })).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringMatching(new RegExp(`"${interpreter}".*${why}`)),
    });
  });
});
