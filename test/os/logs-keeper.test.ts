import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as zlib from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { hasZstd } from '../../src/base/zstd.ts';
import { compressSegment } from '../../src/logs/compress.ts';
import { createKeeper, type Keeper, type KeeperOptions, NO_SHIPPING } from '../../src/logs/keeper.ts';
import { openSegment } from '../../src/logs/read/segment-file.ts';
import { NO_ROLLING, type RollRules } from '../../src/logs/rules.ts';
import { listRolled, rolledPath } from '../../src/logs/segments.ts';
import { openByteSource } from '../../src/logs/ship/byte-source.ts';
import { testFolder } from '../support/instance-logs.ts';
import { contentOf } from '../support/roll.ts';
import { until } from '../support/until.ts';

interface KeeperBench {
  readonly live: string;
  readonly keeper: Keeper;
  readonly unshipped: number[];
  readonly problems: string[];
  names(): string[];
}

function keeperBench(rules: Partial<RollRules>, more: Partial<KeeperOptions> = {}): KeeperBench {
  const live = path.join(testFolder(), 'out.log');
  const unshipped: number[] = [];
  const problems: string[] = [];
  mkdirSync(`${live}.d`);
  writeFileSync(live, 'live\n');
  const keeper = createKeeper({
    clock: systemClock,
    logs: () => [{ live, app: 'default/web', rules: { ...NO_ROLLING, retain: 100, ...rules } }],
    maxTotalBytes: 0,
    guard: () => NO_SHIPPING,
    onUnshipped: (_live, lines) => void unshipped.push(lines),
    onProblem: (message) => void problems.push(message),
    compressAfterMs: 0,
    ...more,
  });
  onTestFinished(() => keeper.close());
  return { live, keeper, unshipped, problems, names: () => readdirSync(`${live}.d`).sort() };
}

/** As `logs` reads it. */
async function textOf(live: string, seq: number): Promise<string> {
  const file = openSegment(live, seq) ?? expect.fail(`no file ${seq}`);
  const parts: Buffer[] = [];
  for await (const { bytes } of file.chunks(0, Number.POSITIVE_INFINITY)) parts.push(Buffer.from(bytes));
  file.close();
  return Buffer.concat(parts).toString();
}

function rolled(live: string, seq: number, content: string | Buffer = `file ${seq}\n`): string {
  const file = rolledPath(live, seq, '.log');
  writeFileSync(file, content);
  writeFileSync(rolledPath(live, seq, '.idx'), 'index');
  return file;
}

describe('retention', () => {
  test('deletes files with their indexes, and nothing that is not ours', async () => {
    const { live, keeper, names } = keeperBench({ retain: 1 });
    for (const seq of [1, 2, 3]) rolled(live, seq);
    for (const name of ['api-5.log', '000000001.txt', 'notes.md', 'x000000001.log']) {
      writeFileSync(path.join(`${live}.d`, name), 'foreign');
    }
    await keeper.sweep();
    expect(names()).toEqual(
      ['000000001.txt', '000000003.idx', '000000003.log', 'api-5.log', 'notes.md', 'x000000001.log'].sort(),
    );
    expect(keeper.rolledBytes(live)).toBe('file 3\n'.length);
    expect(existsSync(live)).toBe(true);
  });

  test('runs after each roll', async () => {
    const { live, keeper, names } = keeperBench({ retain: 2 });
    for (const seq of [1, 2, 3]) rolled(live, seq);
    keeper.rolled(live);
    await until(() => !names().includes('000000001.idx'), { what: 'the oldest to go' });
    expect(listRolled(live).map(({ seq }) => seq)).toEqual([2, 3]);
  });

  test('counts the lines that had to go before they were shipped', async () => {
    const guard = { mayDelete: () => false, shippedBytes: (_live: string, seq: number) => (seq === 1 ? 4 : 0) };
    const { live, keeper, unshipped } = keeperBench({ retain: 0, maxAgeMs: 1000 }, { guard: () => guard });
    const plain = rolled(live, 1, 'one\ntwo\nthree\n');
    writeFileSync(rolledPath(live, 2, '.log.gz'), zlib.gzipSync('a\nb\nc\n'));
    rolled(live, 3, 'young\n');
    for (const file of [plain, rolledPath(live, 2, '.log.gz')]) utimesSync(file, 1, 1);
    await keeper.sweep();
    expect(unshipped).toEqual([2, 3]);
    expect(listRolled(live).map(({ seq }) => seq)).toEqual([3]);
  });

  test('a purge leaves the live file alone', async () => {
    const { live, keeper, names } = keeperBench({});
    for (const seq of [1, 2]) rolled(live, seq);
    await keeper.purge(live);
    expect(names()).toEqual([]);
    expect(readFileSync(live, 'utf8')).toBe('live\n');
  });
});

describe('compression', () => {
  const long = Array.from({ length: 50_000 }, (_, at) => `line ${at} of a file\n`).join('');

  test('makes rolled files smaller, one after the other, with their age and index, but not the youngest', async () => {
    const { live, keeper, names } = keeperBench({ compress: 'gzip' });
    for (const seq of [1, 2, 3]) utimesSync(rolled(live, seq, long), 1_000_000, 1_000_000 + seq);
    await keeper.sweep();
    const packed = () => listRolled(live).filter(({ kind }) => kind === 'gzip');
    await until(() => packed().length === 2, { what: 'two to be compressed' });
    expect(listRolled(live).map(contentOf)).toEqual([long, long, long]);
    expect(listRolled(live).map(({ mtimeMs }) => mtimeMs / 1000)).toEqual([1_000_001, 1_000_002, 1_000_003]);
    expect(packed().every(({ bytes }) => bytes < long.length / 3)).toBe(true);
    await until(() => names().length === 6, { what: 'the plain files to go' });
    await until(() => keeper.rolledBytes(live) < 2 * long.length, { what: 'the figures to follow' });
    expect(names()).toContain('000000003.log');
    // Until the next roll.
    rolled(live, 4, 'younger\n');
    keeper.rolled(live);
    await until(() => packed().length === 3, { what: 'the third to be compressed' });
    expect(listRolled(live).map(({ kind }) => kind)).toEqual(['gzip', 'gzip', 'gzip', 'plain']);
  });

  test('a total is kept with the youngest as it is', async () => {
    const { live, keeper } = keeperBench({ compress: 'gzip', maxTotalBytes: long.length + long.length / 2 });
    for (const seq of [1, 2, 3]) utimesSync(rolled(live, seq, long), 1_000_000, 1_000_000 + seq);
    await keeper.sweep();
    expect(listRolled(live).map(({ seq, kind }) => [seq, kind])).toEqual([[3, 'plain']]);
  });

  test('not at all when it is switched off', async () => {
    const { live, keeper } = keeperBench({ compress: 'none' });
    for (const seq of [1, 2]) rolled(live, seq, long);
    await keeper.sweep();
    expect(listRolled(live).map(({ kind }) => kind)).toEqual(['plain', 'plain']);
  });

  test('zstd where Node has it, else gzip', async () => {
    const { live, keeper } = keeperBench({ compress: 'zstd' });
    for (const seq of [1, 2]) rolled(live, seq, long);
    await keeper.sweep();
    const wanted = hasZstd() ? 'zstd' : 'gzip';
    await until(() => listRolled(live)[0]?.kind === wanted, { what: `it to be ${wanted}` });
    expect(await textOf(live, 1)).toBe(long);
    expect(listRolled(live)[0]?.bytes).toBeLessThan(long.length / 3);
  });

  test('what is packed with zstd is read, counted and deleted as the others are', async (context) => {
    context.skip(!hasZstd(), 'needs a Node with zstd');
    const guard = { mayDelete: () => false, shippedBytes: () => 0 };
    const { live, keeper, unshipped } = keeperBench({ compress: 'zstd', maxAgeMs: 3_600_000 }, { guard: () => guard });
    const plain = rolled(live, 1, long);
    rolled(live, 2, 'young\n');
    await keeper.sweep();
    await until(() => listRolled(live)[0]?.kind === 'zstd', { what: 'it to be packed' });
    const source = await openByteSource(listRolled(live)[0] ?? expect.fail('no file'), 10);
    const bytes = Buffer.alloc(20);
    const read = await source.read(bytes, 0);
    await source.close();
    expect(long.slice(10).startsWith(bytes.toString('latin1', 0, read))).toBe(true);
    expect(read).toBeGreaterThan(0);
    utimesSync(`${plain}.zst`, 1, 1);
    await keeper.sweep();
    expect(unshipped).toEqual([50_000]);
    expect(listRolled(live).map(({ seq }) => seq)).toEqual([2]);
  });

  test('what a killed daemon left is put right: the half one goes, the whole one stays', async () => {
    const { live, keeper, names } = keeperBench({});
    rolled(live, 1, 'one\n');
    writeFileSync(`${rolledPath(live, 1, '.log.gz')}.tmp`, 'half');
    rolled(live, 2, 'two\n');
    writeFileSync(rolledPath(live, 2, '.log.gz'), zlib.gzipSync('two\n'));
    writeFileSync(rolledPath(live, 3, '.idx'), 'of a file that is gone');
    rolled(live, 4, 'four\n');
    await keeper.sweep();
    expect(names()).toEqual([
      '000000001.idx',
      '000000001.log',
      '000000002.idx',
      '000000002.log.gz',
      '000000004.idx',
      '000000004.log',
    ]);
    expect(listRolled(live).map(contentOf)).toEqual(['one\n', 'two\n', 'four\n']);
  });

  test('cut off at any moment, the file is whole, as plain or as gzip', async () => {
    const live = path.join(testFolder(), 'out.log');
    mkdirSync(`${live}.d`);
    rolled(live, 1, long.repeat(5));
    const [segment] = listRolled(live);
    if (segment === undefined) throw new Error('expected a file');
    const abort = new AbortController();
    const half = `${segment.path}.gz.tmp`;
    const done = compressSegment(segment, { clock: systemClock, signal: abort.signal, compression: 'gzip' });
    await until(() => (statSync(half, { throwIfNoEntry: false })?.size ?? 0) > 0, { what: 'it to begin' });
    abort.abort();
    await expect(done).rejects.toThrow();
    expect(readdirSync(`${live}.d`).sort()).toEqual(['000000001.idx', '000000001.log']);
    expect(statSync(segment.path).size).toBe(long.length * 5);
  });
});
