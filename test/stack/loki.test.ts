import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture } from '../support/cli.ts';
import { type LokiDouble, type Mood, startLoki } from '../support/loki.ts';
import { shipFolder, type WrittenLog, writeLog } from '../support/ship.ts';
import { until } from '../support/until.ts';

const LINES = 300_000;
const PER_CHUNK = 500;
const CHUNKS_PER_FILE = 80;
const MB = 1024 * 1024;
const REAL_URL = process.env['PROMVISOR_TEST_LOKI_URL'];

interface Told {
  readonly rss: number;
  readonly sentEntries: number;
  readonly droppedEntries: Readonly<Record<string, number>>;
  readonly retries: Readonly<Record<string, number>>;
  readonly pendingBytes: number;
}

interface ChildShipper {
  readonly told: Told[];
  kill(): Promise<void>;
  end(): Promise<number | null>;
}

interface ShipArguments {
  readonly url: string;
  readonly folder: string;
  readonly logs: readonly { readonly live: string; readonly app: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly rate: number;
  readonly timeoutMs: number;
}

function startChild(given: ShipArguments): ChildShipper {
  // With the flag that daemons are started with.
  const child: ChildProcess = spawn(
    process.execPath,
    ['--max-semi-space-size=1', fixture('ships.cjs'), JSON.stringify(given)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'close');
  const told: Told[] = [];
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  lines.on('line', (line) => told.push(JSON.parse(line) as Told));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    told,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async end() {
      child.stdin?.end();
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}

const lineOf = (number: number) => `line ${String(number).padStart(7, '0')} ${'abcdefghij'.repeat(8)}`;

/** Rolled files, every other one compressed, and a live one; about 93 bytes a line. */
function writeLines(log: WrittenLog, count: number): void {
  const startMs = Date.now() - 30 * 60_000;
  const chunks = count / PER_CHUNK;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const lines = Array.from({ length: PER_CHUNK }, (_, index) => lineOf(chunk * PER_CHUNK + index));
    log.append(lines, startMs + chunk * 100);
    if (chunk % CHUNKS_PER_FILE === CHUNKS_PER_FILE - 1) log.roll(log.seq() % 2 === 0 ? 'gzip' : 'plain');
  }
}

const growthMb = (children: readonly ChildShipper[]) =>
  Math.max(...children.map(({ told }) => Math.max(...told.map(({ rss }) => rss)) - (told[0]?.rss ?? 0))) / MB;

describe('300,000 lines', () => {
  test('through two deaths of the shipper and a Loki that refuses, hangs and dies', async () => {
    const double = await startLoki();
    onTestFinished(() => double.kill());
    double.limitRate(true);
    const folder = shipFolder();
    const log = writeLog(folder);
    writeLines(log, LINES);
    // Loki refuses lines of the future: a 400 that takes the others.
    const other = writeLog(folder, 'other.log');
    other.append(Array.from({ length: 1000 }, (_, index) => `other ${index}`));
    other.append(
      Array.from({ length: 100 }, (_, index) => `future ${index}`),
      Date.now() + 3600_000,
    );

    const moods: readonly Mood[] = [
      { status: 429 },
      { status: 500 },
      'hang',
      { status: 503 },
      { status: 500 },
      'take and cut',
    ];
    let asked = 0;
    double.mood(() => (++asked % 5 === 0 ? (moods[(asked / 5) % moods.length] ?? null) : null));
    const given: ShipArguments = {
      url: double.url,
      folder: path.join(folder, 'loki'),
      logs: [
        { live: log.live, app: 'api' },
        { live: other.live, app: 'other' },
      ],
      labels: { host: 'test' },
      rate: 0,
      timeoutMs: 500,
    };
    const children = [startChild(given)];
    const next = async () => {
      await children.at(-1)?.kill();
      children.push(startChild(given));
    };
    await reached(double, 40_000);
    await next();
    await reached(double, 100_000);
    await double.kill();
    await until(() => (children[1]?.told.at(-1)?.retries['network'] ?? 0) > 1, {
      what: 'a shipper that finds no Loki',
    });
    double.ready(false);
    await double.restart();
    await until(() => double.pushes.at(-1)?.status === 503, { what: 'a Loki that is not ready yet' });
    double.ready(true);
    await reached(double, 180_000);
    await next();
    await reached(double, LINES + 1000);
    const last = children[2];
    await until(() => last?.told.at(-1)?.pendingBytes === 0, { what: 'nothing pending' });
    expect(await last?.end()).toBe(0);

    const lines = new Set(double.lines());
    const missing = Array.from({ length: LINES }, (_, index) => lineOf(index)).filter((line) => !lines.has(line));
    expect(missing).toEqual([]);
    expect(lines.size).toBe(LINES + 1000);
    expect(double.mostAtOnce()).toBeLessThanOrEqual(2);
    // Twice only what was pushed and not acknowledged, or not noted before a death.
    const largest = Math.max(...double.pushes.map((push) => push.lines.length));
    const unanswered = double.pushes.filter(({ status }) => status === null).length;
    expect(double.duplicates()).toBeLessThanOrEqual((unanswered + 2) * largest);
    const refused = children.map(({ told }) => told.at(-1)?.droppedEntries['rejected_400'] ?? 0);
    expect(refused.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(100);
    const growth = growthMb(children);
    console.log(
      `RSS growth ${growth.toFixed(1)} MB, ${double.duplicates()} lines twice, ${double.pushes.length} pushes`,
    );
    expect(growth).toBeLessThanOrEqual(30);
  }, 90_000);

  test('through two deaths of the shipper into a real Loki', async (context) => {
    if (REAL_URL === undefined) return context.skip('PROMVISOR_TEST_LOKI_URL names no Loki');
    const url = REAL_URL;
    const folder = shipFolder();
    const log = writeLog(folder);
    writeLines(log, LINES);
    const run = `run${Date.now()}`;
    const given: ShipArguments = {
      url,
      folder: path.join(folder, 'loki'),
      logs: [{ live: log.live, app: 'promvisor-test' }],
      labels: { host: 'test', run },
      rate: 3 * MB,
      timeoutMs: 10_000,
    };
    const children: ChildShipper[] = [];
    for (const part of [0.3, 0.3]) {
      const child = startChild(given);
      children.push(child);
      await until(() => (child.told.at(-1)?.sentEntries ?? 0) > LINES * part, {
        what: 'a part of it',
        timeoutMs: 60_000,
      });
      await child.kill();
    }
    const last = startChild(given);
    children.push(last);
    await until(() => last.told.at(-1)?.pendingBytes === 0, { what: 'nothing pending', timeoutMs: 60_000 });
    expect(await last.end()).toBe(0);
    const found = await queryLines(url, `{run="${run}"}`);
    const missing = Array.from({ length: LINES }, (_, index) => lineOf(index)).filter((line) => !found.has(line));
    expect(missing).toEqual([]);
    expect(growthMb(children)).toBeLessThanOrEqual(30);
  }, 240_000);
});

function reached(double: LokiDouble, count: number): Promise<unknown> {
  const total = () => [...double.streams.values()].reduce((sum, { entries }) => sum + entries.length, 0);
  return until(() => total() >= count, { what: `${count} lines in Loki`, timeoutMs: 60_000 });
}

/** All lines of a stream, in pages by time. */
async function queryLines(url: string, query: string): Promise<ReadonlySet<string>> {
  const lines = new Set<string>();
  let startNs = BigInt(Date.now() - 3600_000) * 1_000_000n;
  const endNs = BigInt(Date.now() + 60_000) * 1_000_000n;
  for (;;) {
    const search = new URLSearchParams({
      query,
      direction: 'forward',
      limit: '5000',
      start: String(startNs),
      end: String(endNs),
    });
    const response = await fetch(`${url.replace(/\/$/, '')}/loki/api/v1/query_range?${search}`);
    const { data } = (await response.json()) as { data: { result: { values: [string, string][] }[] } };
    const values = data.result.flatMap((stream) => stream.values);
    for (const [ns, line] of values) {
      lines.add(line);
      if (BigInt(ns) >= startNs) startNs = BigInt(ns) + 1n;
    }
    if (values.length < 5000) return lines;
  }
}
