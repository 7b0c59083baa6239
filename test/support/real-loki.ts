import path from 'node:path';
import { expect } from 'vitest';
import { LINES, missingLines, writeManyLines } from './many-lines.ts';
import { shipFolder, writeLog } from './ship.ts';
import { type ChildShipper, growthMb, type ShipArguments, startShipper } from './shipper-child.ts';
import { until } from './until.ts';

const MB = 1024 * 1024;

/**
 * Ships many lines into a real Loki, through two deaths of the shipper: none may be missing, in flat memory.
 * @param url of the Loki
 */
export async function shipsThroughTwoDeaths(url: string): Promise<void> {
  const folder = shipFolder();
  const log = writeLog(folder);
  writeManyLines(log);
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
    const child = startShipper(given);
    children.push(child);
    await until(() => (child.told.at(-1)?.sentEntries ?? 0) > LINES * part, {
      what: 'a part of it',
      timeoutMs: 60_000,
    });
    await child.kill();
  }
  const last = startShipper(given);
  children.push(last);
  await until(() => last.told.at(-1)?.pendingBytes === 0, { what: 'nothing pending', timeoutMs: 60_000 });
  expect(await last.end()).toBe(0);
  const found = await queryLines(url, `{run="${run}"}`);
  expect(missingLines(found)).toEqual([]);
  expect(growthMb(children)).toBeLessThanOrEqual(30);
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
