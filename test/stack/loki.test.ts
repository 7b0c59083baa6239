import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type LokiDouble, type Mood, startLoki } from '../support/loki.ts';
import { LINES, missingLines, writeManyLines } from '../support/many-lines.ts';
import { shipsThroughTwoDeaths } from '../support/real-loki.ts';
import { shipFolder, writeLog } from '../support/ship.ts';
import { growthMb, type ShipArguments, startShipper } from '../support/shipper-child.ts';
import { until } from '../support/until.ts';

const REAL_URL = process.env['PROMVISOR_TEST_LOKI_URL'];

describe('300,000 lines', () => {
  test('through two deaths of the shipper and a Loki that refuses, hangs and dies', async () => {
    const double = await startLoki();
    onTestFinished(() => double.kill());
    double.limitRate(true);
    const folder = shipFolder();
    const log = writeLog(folder);
    writeManyLines(log);
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
    const children = [startShipper(given)];
    const next = async () => {
      await children.at(-1)?.kill();
      children.push(startShipper(given));
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
    expect(missingLines(lines)).toEqual([]);
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
    await shipsThroughTwoDeaths(REAL_URL);
  }, 240_000);
});

function reached(double: LokiDouble, count: number): Promise<unknown> {
  const total = () => [...double.streams.values()].reduce((sum, { entries }) => sum + entries.length, 0);
  return until(() => total() >= count, { what: `${count} lines in Loki`, timeoutMs: 60_000 });
}
