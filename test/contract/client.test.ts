import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/api/client.ts';
import type { Progress } from '../../src/api/contract.ts';
import { parseNdjson } from '../../src/api/ndjson.ts';
import { ERROR_CODES, type ErrorCode, PromvisorError } from '../../src/base/errors.ts';
import { fakeDaemon, privateHome, problem, rawDaemon } from '../support/fake-daemon.ts';

/** The code that a promise fails with. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PromvisorError);
  expect((error as PromvisorError).message).not.toBe('');
  return (error as PromvisorError).code;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const END: Progress = { type: 'end', ok: true, ids: [0], failed: 0 };
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n';
const kill = (home: { socket: string }) => all(createClient(home.socket).kill());

describe('NDJSON', () => {
  test('is read the same wherever the bytes are split', async () => {
    const pieces = fc.array(fc.nat({ max: 40 }), { maxLength: 30 });
    const values = fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), n: fc.integer() }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(values, pieces, async (list, cuts) => {
        const bytes = Buffer.from(list.map((value) => `${JSON.stringify(value)}\n`).join('\n'));
        expect(await all(parseNdjson(cutUp(bytes, cuts)))).toEqual(list);
      }),
    );
  });

  test('is refused when a line is no JSON, has no end or none in sight', async () => {
    const lines = (...chunks: string[]) => all(parseNdjson(cutUp(Buffer.from(chunks.join('')), [])));
    expect(await codeOf(lines('{"a":1}\n', 'nonsense\n'))).toBe('PROTOCOL');
    expect(await codeOf(lines('{"a":1}\n{"b"'))).toBe('PROTOCOL');
    expect(await codeOf(lines('x'.repeat(9_000_000)))).toBe('PROTOCOL');
  });
});

async function* cutUp(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const size of cuts) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

describe('a client', () => {
  test('reads progress that comes in pieces of any size', async () => {
    const home = privateHome();
    const text = `${HEAD}${JSON.stringify({ type: 'begin', total: 1 })}\n${JSON.stringify(END)}\n`;
    await rawDaemon(home, (socket) => {
      const next = (from: number) => {
        if (from >= text.length) return void socket.end();
        socket.write(text.slice(from, from + 3), () => setImmediate(next, from + 3));
      };
      next(0);
    });
    expect(await kill(home)).toEqual([{ type: 'begin', total: 1 }, END]);
  });

  test('gives the error of the daemon with its code and details, for every code', async () => {
    const home = privateHome();
    let code: ErrorCode = 'INTERNAL';
    await fakeDaemon(home, () => problem(code, `about ${code}`));
    for (const each of Object.keys(ERROR_CODES) as ErrorCode[]) {
      code = each;
      await expect(createClient(home.socket).instances()).rejects.toMatchObject({
        code: each,
        message: `about ${each}`,
        details: { some: 'thing' },
      });
    }
  });

  test('takes an error in the middle of a stream', async () => {
    const home = privateHome();
    const failed = { type: 'problem', problem: { code: 'STOP_FAILED', detail: 'it will not go', details: {} } };
    await fakeDaemon(home, () => ({ lines: [{ type: 'begin', total: 1 }, failed] }));
    expect(await codeOf(kill(home))).toBe('STOP_FAILED');
  });

  test('says that there is no daemon: no socket, no home, a socket that nobody serves, a file', async () => {
    const home = privateHome();
    expect(await codeOf(createClient(home.socket).ping())).toBe('NO_DAEMON');
    expect(await codeOf(createClient(`${home.root}/nowhere/x.sock`).ping())).toBe('NO_DAEMON');
    writeFileSync(home.socket, '');
    expect(await codeOf(createClient(home.socket).ping())).toBe('NO_DAEMON');
    expect(await codeOf(createClient(`${home.socket}/x`).ping())).toBe('NO_DAEMON');
  });

  test('notices a daemon that dies at any point of its answer', async () => {
    const body = JSON.stringify({ instances: [] });
    const reply = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const home = privateHome();
    let length = 0;
    await rawDaemon(home, (socket) => socket.end(reply.slice(0, length)));
    for (; length < reply.length; length++) {
      expect([length, await codeOf(createClient(home.socket).instances())]).toEqual([length, 'PROTOCOL']);
    }
    expect(await createClient(home.socket).instances()).toEqual([]);
  });

  test('notices a stream that ends before the end', async () => {
    const home = privateHome();
    await fakeDaemon(home, () => ({ lines: [{ type: 'begin', total: 2 }] }));
    expect(await codeOf(kill(home))).toBe('PROTOCOL');
  });

  test('refuses garbage with PROTOCOL, whatever it is', async () => {
    const home = privateHome();
    let bytes = Buffer.alloc(0);
    await rawDaemon(home, (socket: Socket) => socket.end(bytes));
    const client = createClient(home.socket);
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc.string().map((text) => Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${text}`)),
      fc.string().map((text) => Buffer.from(`HTTP/1.1 500 Oh\r\n\r\n${text}`)),
      fc.json().map((text) => Buffer.from(`HTTP/1.1 404 No\r\n\r\n${text}`)),
      fc.json().map((text) => Buffer.from(`${HEAD}${text}\n`)),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (sent) => {
        bytes = sent;
        const calls = [client.ping(), client.instances(), client.flush(['a']), kill(home), client.logs([])];
        for (const call of calls) expect(await codeOf(call)).toBe('PROTOCOL');
      }),
      { numRuns: 60 },
    );
  });

  test('refuses an answer that it was not made for: a body in chunks, a head without end', async () => {
    const home = privateHome();
    let text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n';
    await rawDaemon(home, (socket) => socket.write(text));
    expect(await codeOf(createClient(home.socket).ping())).toBe('PROTOCOL');
    text = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`;
    expect(await codeOf(createClient(home.socket).ping())).toBe('PROTOCOL');
  });

  test('does not wait for ever for a daemon that is stuck', async () => {
    const home = privateHome();
    await rawDaemon(home, () => {});
    expect(await codeOf(createClient(home.socket).ping(50))).toBe('TIMED_OUT');
  });

  test('ends the connection of a stream that nobody reads on', async () => {
    const home = privateHome();
    const closed = new Promise((resolve) => {
      void rawDaemon(home, (socket) => {
        socket.on('close', resolve);
        socket.write(`${HEAD}{"type":"head","files":[]}\n{"type":"line","text":"one"}\n`);
      });
    });
    const abort = new AbortController();
    const { head, records } = await createClient(home.socket).logs(['a b', '/x/'], { signal: abort.signal });
    expect(head.files).toEqual([]);
    expect((await records.next()).value).toMatchObject({ text: 'one' });
    abort.abort();
    await closed;
    await expect(records.next()).rejects.toThrow();
  });

  test('carries targets of any kind to the daemon unchanged', async () => {
    const home = privateHome();
    const asked = await fakeDaemon(home, () => ({ json: { instances: [] } }));
    const targets = ['a b', '/x&y=z/i', '世界', '100%', '#?'];
    await createClient(home.socket).why(targets);
    expect(asked[0]?.path).toBe(`/v1/why?${targets.map((target) => `target=${target}`).join('&')}`);
  });
});
