import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listRolled, listSegments, liveIndexPath, nextSeq } from '../../src/logs/segments.ts';
import { createTimeIndexWriter, findEntry, findTime, readTimeIndex, timeOfLine } from '../../src/logs/time-index.ts';
import { testFolder } from '../support/instance-logs.ts';

const KIB = 1024;
const MS = 1_000_000n;

test('an index has the bytes that its readers expect', () => {
  const file = path.join(testFolder(), 'live.idx');
  const writer = createTimeIndexWriter(file, 7);
  writer.note(0, 1_700_000_000_000_000_000n);
  writer.note(70_000, 1_700_000_000_000_000_001n + 70_000n);
  writer.close();
  const hex = readFileSync(file).toString('hex').match(/.{32}/g);
  expect(hex).toEqual([
    '504d5658010000000700000000000000',
    `${leHex(0n)}${leHex(1_700_000_000_000_000_000n)}`,
    `${leHex(70_000n)}${leHex(1_700_000_000_000_070_001n)}`,
  ]);
});

function leHex(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.toString('hex');
}

test('an entry is made after 64 KiB or 50 ms, and not before', () => {
  const file = path.join(testFolder(), 'live.idx');
  const writer = createTimeIndexWriter(file, 1);
  writer.note(0, 1000n * MS);
  writer.note(63 * KIB, 1049n * MS);
  writer.note(64 * KIB, 1049n * MS);
  writer.note(65 * KIB, 1060n * MS);
  writer.note(66 * KIB, 1099n * MS);
  writer.close();
  expect(readTimeIndex(file)).toEqual({
    seq: 1,
    entries: [
      { offset: 0, unixNs: 1000n * MS },
      { offset: 64 * KIB, unixNs: 1049n * MS },
      { offset: 66 * KIB, unixNs: 1099n * MS },
    ],
  });
});

test('times of lines rise whatever the clock and the sizes do', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.nat(200 * KIB), stepMs: fc.integer({ min: -500, max: 500 }) })),
      (steps) => {
        const file = path.join(testFolder(), 'live.idx');
        const writer = createTimeIndexWriter(file, 1);
        let offset = 0;
        let now = 1_000_000n * MS;
        for (const { bytes, stepMs } of steps) {
          now += BigInt(stepMs) * MS;
          writer.note(offset, now);
          offset += bytes;
        }
        writer.close();
        const entries = readTimeIndex(file)?.entries ?? [];
        for (const [at, entry] of entries.entries()) {
          const before = entries[at - 1];
          if (before === undefined) continue;
          // As many lines as bytes: the last of them is still older than the entry.
          const lines = entry.offset - before.offset;
          expect(timeOfLine(before, Math.max(0, lines - 1))).toBeLessThanOrEqual(entry.unixNs);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('a writer goes on with an index of its number, after a torn entry too, and begins any other anew', () => {
  const file = path.join(testFolder(), 'live.idx');
  const first = createTimeIndexWriter(file, 3);
  first.note(0, 1000n * MS);
  first.close();
  appendFileSync(file, 'torn');
  expect(readTimeIndex(file)?.entries.length).toBe(1);
  const second = createTimeIndexWriter(file, 3);
  second.note(100, 2000n * MS);
  second.close();
  expect(readTimeIndex(file)?.entries).toEqual([
    { offset: 0, unixNs: 1000n * MS },
    { offset: 100, unixNs: 2000n * MS },
  ]);
  const third = createTimeIndexWriter(file, 4);
  third.note(0, 3000n * MS);
  third.close();
  expect(readTimeIndex(file)).toEqual({ seq: 4, entries: [{ offset: 0, unixNs: 3000n * MS }] });
});

test('entries of bytes that are no longer there are taken back', () => {
  const file = path.join(testFolder(), 'live.idx');
  const writer = createTimeIndexWriter(file, 1);
  writer.note(0, 1000n * MS);
  writer.note(100 * KIB, 2000n * MS);
  writer.note(10, 3000n * MS);
  writer.close();
  const entries = [
    { offset: 0, unixNs: 1000n * MS },
    { offset: 10, unixNs: 3000n * MS },
  ];
  expect(readTimeIndex(file)).toEqual({ seq: 1, entries });
});

test.each([
  ['not there', null],
  ['empty', ''],
  ['of someone else', 'not an index at all'],
])('an index that is %s is none', (_what, content) => {
  const file = path.join(testFolder(), 'live.idx');
  if (content !== null) writeFileSync(file, content);
  expect(readTimeIndex(file)).toBeNull();
});

test('a writer without a disk throws nothing', () => {
  const file = path.join(testFolder(), 'not', 'there', 'live.idx');
  const writer = createTimeIndexWriter(file, 1);
  writer.note(0, 1n);
  writer.close();
  expect(existsSync(file)).toBe(false);
});

test('places are found by offset and by time', () => {
  const entries = [0, 100, 100, 300].map((offset, at) => ({ offset, unixNs: BigInt(10 * (at + 1)) }));
  const index = { seq: 1, entries };
  expect([0, 99, 100, 299, 300, 999].map((offset) => findEntry(index, offset))).toEqual([0, 0, 2, 2, 3, 3]);
  expect(findEntry({ seq: 1, entries: [{ offset: 5, unixNs: 1n }] }, 4)).toBe(-1);
  // A line just after an entry may have come at any time before the next entry.
  expect([1n, 10n, 11n, 30n, 31n, 40n, 41n].map((ns) => findTime(index, ns))).toEqual([0, 0, 0, 100, 100, 100, 300]);
  expect(findTime({ seq: 1, entries: [] }, 5n)).toBe(0);
});

test('the files of a log are listed oldest first, without what is not ours', () => {
  const live = path.join(testFolder(), 'api-out.log');
  expect(listSegments(live)).toEqual([]);
  expect(nextSeq(live)).toBe(1);
  mkdirSync(`${live}.d`);
  const put = (name: string, text: string) => writeFileSync(path.join(`${live}.d`, name), text);
  put('000000002.log', 'two');
  put('000000001.log.gz', 'one');
  put('000000003.log.zst', 'three');
  put('000000002.log.gz', 'made, but the plain one is still there');
  put('000000004.log.gz.tmp', 'half');
  for (const foreign of ['1.log', 'api.log', '000000009.txt', 'x000000009.log', 'live.idx']) put(foreign, 'foreign');
  mkdirSync(path.join(`${live}.d`, '000000008.log'));
  writeFileSync(live, 'live\n');
  const seen = listSegments(live).map(({ seq, kind, bytes, path: file }) => [seq, kind, bytes, path.basename(file)]);
  expect(seen).toEqual([
    [1, 'gzip', 3, '000000001.log.gz'],
    [2, 'plain', 3, '000000002.log'],
    [3, 'zstd', 5, '000000003.log.zst'],
    [4, 'live', 5, 'api-out.log'],
  ]);
  expect(listRolled(live).map(({ indexPath }) => path.basename(indexPath))).toEqual([
    '000000001.idx',
    '000000002.idx',
    '000000003.idx',
  ]);
});

test('a number is never used again, although its file was deleted', () => {
  const live = path.join(testFolder(), 'out.log');
  mkdirSync(`${live}.d`);
  writeFileSync(path.join(`${live}.d`, '000000005.log'), '');
  expect(nextSeq(live)).toBe(6);
  const writer = createTimeIndexWriter(liveIndexPath(live), 9);
  writer.note(0, 1n);
  writer.close();
  expect(nextSeq(live)).toBe(9);
  truncateSync(liveIndexPath(live));
  expect(nextSeq(live)).toBe(6);
  expect(statSync(`${live}.d`).isDirectory()).toBe(true);
});
