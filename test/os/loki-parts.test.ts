import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Instance } from '../../src/daemon/instance.ts';
import { shipSources } from '../../src/daemon/ship-sources.ts';
import { type Answer, type Decision, decide, readRetryAfter } from '../../src/logs/ship/answer.ts';
import { backoffMs } from '../../src/logs/ship/backoff.ts';
import { createBatch, newBatchMemory } from '../../src/logs/ship/batch.ts';
import { encodeTail } from '../../src/logs/ship/encode.ts';
import { levelOf } from '../../src/logs/ship/level.ts';
import { pushUrl } from '../../src/logs/ship/sender.ts';
import { plainSpec } from '../support/fleet-source.ts';
import { startLoki } from '../support/loki.ts';
import { shipFolder, sourceOf, startShip, writeLog } from '../support/ship.ts';
import { until } from '../support/until.ts';

const http = (status: number, body = '', retryAfterMs: number | null = null): Answer => {
  return { type: 'http', status, body, retryAfterMs };
};
const retry = (leastMs = 0): Decision => ({ type: 'retry', leastMs });
const facts = { entries: 100, refusals: 0, lokiWorks: false };

describe('what an answer means', () => {
  test.each<[Answer, Partial<typeof facts>, Decision]>([
    [http(200), {}, { type: 'accepted' }],
    [http(204), {}, { type: 'accepted' }],
    [http(260), {}, { type: 'accepted' }],
    [http(400, 'bad JSON'), {}, { type: 'partial', rejected: 100 }],
    [http(400, "user 'fake', total ignored: 3 out of 100 for stream: {}"), {}, { type: 'partial', rejected: 3 }],
    [http(400, '7 errors like: entry for stream …'), {}, { type: 'partial', rejected: 7 }],
    [http(400, "entry for stream '{}' has timestamp too old"), {}, { type: 'partial', rejected: 1 }],
    [http(400, '900 errors like: x'), {}, { type: 'partial', rejected: 100 }],
    [http(401), {}, { type: 'drop', reason: 'rejected_4xx' }],
    [http(404), {}, { type: 'drop', reason: 'rejected_4xx' }],
    [http(408), {}, retry()],
    [http(413), {}, { type: 'split' }],
    [http(413), { entries: 1 }, { type: 'drop', reason: 'line_too_long' }],
    [http(429), {}, retry()],
    [http(429, '', 3000), {}, retry(3000)],
    [http(503, '', 10 ** 9), {}, retry(300_000)],
    [http(500), {}, retry()],
    [http(500), { refusals: 1 }, { type: 'split' }],
    [http(500), { refusals: 1, entries: 1 }, retry()],
    [http(500), { refusals: 1, entries: 1, lokiWorks: true }, { type: 'drop', reason: 'rejected_500' }],
    [http(500), { refusals: 20, entries: 1 }, { type: 'drop', reason: 'rejected_500' }],
    [http(502), { refusals: 30, entries: 1 }, retry()],
    [http(504), {}, retry()],
    [http(302), {}, retry()],
    [{ type: 'failed', kind: 'timeout', message: '' }, { refusals: 99 }, retry()],
    [{ type: 'failed', kind: 'network', message: '' }, {}, retry()],
  ])('%j with %j', (answer, more, decision) => {
    expect(decide(answer, { ...facts, ...more })).toEqual(decision);
  });

  test('Retry-After', () => {
    const nowMs = Date.parse('2026-01-01T00:00:00Z');
    expect(
      ['7', '0', 'Thu, 01 Jan 2026 00:01:00 GMT', 'soon', '', undefined, '-1'].map((value) =>
        readRetryAfter(value, nowMs),
      ),
    ).toEqual([7000, 0, 60_000, null, null, null, null]);
  });

  test('waits grow up to the most, half of them by chance', () => {
    const options = { baseMs: 500, mostMs: 30_000 };
    expect([0, 1, 5, 6, 500].map((attempt) => backoffMs(attempt, 1, options))).toEqual([
      500, 1000, 16_000, 30_000, 30_000,
    ]);
    expect(backoffMs(500, 0, options)).toBe(15_000);
  });
});

test.each([
  ['{"level":30,"time":1,"msg":"pino"}', 'info'],
  ['{"name":"bunyan","level":60}', 'fatal'],
  ['{"message":"winston","level":"warn"}', 'warn'],
  ['{"level": "ERROR"}', 'error'],
  ['{"level":35}', null],
  ['{"msg":"no level"}', null],
  ['{"msg":"\\"level\\":\\"error\\""}', null],
  ['INFO up', 'info'],
  ['2026-11-25T10:00:00: WARN low', 'warn'],
  ['2026-11-25 10:00:00.123 +01:00 ERROR x', 'error'],
  ['[2026-11-25 10:00:00] [debug] x', 'debug'],
  ['[warn] x', 'warn'],
  ['error: x', 'error'],
  ['Error: boom', 'error'],
  ['information is power', null],
  ['a WARN in the middle', null],
  ['', null],
])('level of %s is %s', (line, level) => {
  const bytes = Buffer.from(`before${line}after`);
  expect(levelOf(bytes, 6, 6 + Buffer.byteLength(line))).toBe(level);
});

test('any lines come out of the JSON as they went in, in every part of the batch', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('', '\u2028', '😀"\\\n\u0000'));
  const law = fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(), (lines, a, b) => {
    const batch = createBatch(newBatchMemory(), { app: 'a"b' });
    const wellFormed = lines.map((line) => Buffer.from(line).toString());
    for (const [at, line] of wellFormed.entries()) {
      const bytes = Buffer.from(`<${line}>`);
      const view = {
        bytes,
        start: 1,
        end: bytes.length - 1,
        cut: false,
        unixNs: BigInt(at),
        run: null,
        seq: 1,
        endOffset: at,
      };
      expect(batch.add(view, 0, encodeTail({ level: 'info' }))).toBe(true);
    }
    const [from = 0, to = 0] = [a % lines.length, (b % lines.length) + 1].sort((x, y) => x - y);
    for (const [first, last] of [
      [from, to],
      [0, lines.length],
    ] as const) {
      const { streams } = JSON.parse(batch.body(first, last).toString()) as {
        streams: { stream: object; values: unknown[] }[];
      };
      const values = wellFormed.slice(first, last).map((line, at) => [String(first + at), line, { level: 'info' }]);
      expect(streams).toEqual([{ stream: { app: 'a"b' }, values }]);
    }
  });
  fc.assert(law, { numRuns: 200 });
});

test('a batch is never larger than 1 MiB, and a line that has no room alone is cut', () => {
  const batch = createBatch(newBatchMemory(), {});
  const bytes = Buffer.alloc(250_000, 1);
  const view = { bytes, start: 0, end: bytes.length, cut: false, unixNs: 1n, run: null, seq: 1, endOffset: 1 };
  expect(batch.add(view, 0, encodeTail({}))).toBe(true);
  expect(batch.add(view, 0, encodeTail({}))).toBe(false);
  const body = batch.body(0, 1);
  expect(body.length).toBeLessThanOrEqual(1024 * 1024);
  expect(body.toString()).toContain('...[cut]');
});

test.each([
  ['http://loki:3100', 'http://loki:3100/loki/api/v1/push'],
  ['http://loki:3100/', 'http://loki:3100/loki/api/v1/push'],
  ['https://me:secret@gateway/prefix/', 'https://gateway/prefix/loki/api/v1/push'],
  ['http://loki/loki/api/v1/push', 'http://loki/loki/api/v1/push'],
])('pushes for %s go to %s', (base, url) => {
  expect(pushUrl(base)).toBe(url);
});

test('a proxy of the environment is used', async () => {
  const double = await startLoki();
  onTestFinished(() => double.kill());
  const asked: string[] = [];
  const proxy = createServer().on('connect', (request, client) => {
    asked.push(request.url ?? '');
    const [host = '', port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const end of [client, upstream]) end.on('error', () => {});
    onTestFinished(() => void upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  process.env['http_proxy'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  onTestFinished(() => {
    delete process.env['http_proxy'];
  });
  const folder = shipFolder();
  const log = writeLog(folder);
  log.append(['through']);
  await startShip({ url: double.url, folder, sources: () => [sourceOf(log.live)] });
  await until(() => double.lines().length === 1, { what: 'the line' });
  expect(asked).toEqual([new URL(double.url).host]);
});

describe('which files are shipped', () => {
  const instance = (slot: number, files: Partial<Record<'out' | 'error' | 'combined', string>>, enabled = true) => {
    const spec = plainSpec();
    const logs = { files: () => ({ out: null, error: null, combined: null, ...files }) };
    const changed = { ...spec, logs: { ...spec.logs, loki: { enabled, labels: {} } } };
    return { id: slot + 5, slot, spec: changed, logs } as unknown as Instance; // all that is looked at
  };
  const found = (...instances: Instance[]) =>
    shipSources(instances, (app) => app === 'api').map(({ live, stream, instance: own }) => [
      live,
      stream,
      own?.slot ?? null,
    ]);

  test('those of the streams, else the one of both, each once', () => {
    expect(found(instance(0, { out: '/o', error: '/e', combined: '/c' }))).toEqual([
      ['/o', 'out', 0],
      ['/e', 'error', 0],
    ]);
    expect(found(instance(0, { out: '/o', combined: '/c' }))).toEqual([['/c', 'combined', 0]]);
    expect(found(instance(0, { out: '/o', error: '/o' }))).toEqual([['/o', 'combined', 0]]);
    expect(found(instance(0, { out: '/o' }), instance(1, { out: '/o' }))).toEqual([['/o', 'out', null]]);
    expect(found(instance(0, { out: '/o' }, false))).toEqual([]);
  });
});
