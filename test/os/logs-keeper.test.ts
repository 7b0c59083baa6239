import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as zlib from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { compressSegment } from '../../src/logs/compress.ts';
import { createKeeper, type Keeper, type KeeperOptions, NO_SHIPPING } from '../../src/logs/keeper.ts';
import { NO_ROLLING, type RollRules } from '../../src/logs/rules.ts';
import { listRolled, rolledPath } from '../../src/logs/segments.ts';
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

  test('makes every rolled file smaller, one after the other, with its age and index', async () => {
    const { live, keeper } = keeperBench({ compress: 'gzip' });
    for (const seq of [1, 2]) utimesSync(rolled(live, seq, long), 1_000_000, 1_000_000 + seq);
    await keeper.sweep();
    await until(() => listRolled(live).every(({ kind }) => kind === 'gzip'), { what: 'both to be compressed' });
    const segments = listRolled(live);
    expect(segments.map(contentOf)).toEqual([long, long]);
    expect(segments.map(({ mtimeMs }) => mtimeMs / 1000)).toEqual([1_000_001, 1_000_002]);
    expect(segments.every(({ bytes }) => bytes < long.length / 3)).toBe(true);
    await until(() => readdirSync(`${live}.d`).length === 4, { what: 'the plain files to go' });
    await until(() => keeper.rolledBytes(live) < long.length, { what: 'the figures to follow' });
  });

  test('not at all when it is switched off', async () => {
    const { live, keeper } = keeperBench({ compress: 'none' });
    rolled(live, 1, long);
    await keeper.sweep();
    expect(listRolled(live).map(({ kind }) => kind)).toEqual(['plain']);
  });

  test('zstd where Node has it, else gzip', async () => {
    const { live, keeper } = keeperBench({ compress: 'zstd' });
    rolled(live, 1, long);
    await keeper.sweep();
    const wanted = 'createZstdCompress' in zlib ? 'zstd' : 'gzip';
    await until(() => listRolled(live)[0]?.kind === wanted, { what: `it to be ${wanted}` });
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
