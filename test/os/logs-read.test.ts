import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMatch } from '../../src/logs/read/match.ts';
import { type Merged, mergeByTime } from '../../src/logs/read/merge.ts';
import { BEGIN, END, type Position } from '../../src/logs/read/position.ts';
import { findRange, type LogQuery, readRange, settledPosition, type TimedLine } from '../../src/logs/read/read-log.ts';
import { testFolder } from '../support/instance-logs.ts';
import { type MadeFile, writeLog } from '../support/log-segments.ts';

const ALL: LogQuery = { sinceNs: null, untilNs: null, count: null, match: null };
const T0 = 1_764_000_000_000_000_000n;

async function lines(live: string, query: Partial<LogQuery> = {}, to: Position = END): Promise<TimedLine[]> {
  const whole = { ...ALL, ...query };
  const found: TimedLine[] = [];
  const range = await findRange(live, whole, { from: BEGIN, to });
  for await (const batch of readRange(live, range, whole.match)) found.push(...batch);
  return found;
}

async function texts(live: string, query: Partial<LogQuery> = {}, to: Position = END): Promise<string[]> {
  return (await lines(live, query, to)).map(({ bytes }) => bytes.toString());
}

function liveFile(): string {
  return path.join(testFolder(), 'app-out.log');
}

function matchOf(pattern: string) {
  const match = parseMatch(pattern);
  if ('error' in match) throw new Error(match.error);
  return match;
}

/** A log, with the lines that it has and their times. */
interface Model {
  readonly files: readonly MadeFile[];
  readonly lines: readonly { readonly text: string; readonly unixNs: bigint }[];
}

const aLine = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\n', ' ')) },
  { weight: 3, arbitrary: fc.constantFrom('', 'x', 'needle', 'a needle, a needle') },
  { weight: 1, arbitrary: fc.integer({ min: 65_300, max: 66_000 }).map((size) => '€'.repeat(size / 3)) },
);
/** Lines, and before each whether an index entry is written and how much later that is. */
const aFile = fc.record({
  lines: fc.array(fc.tuple(aLine, fc.option(fc.integer({ min: 0, max: 5 }), { nil: null })), { maxLength: 12 }),
  gzip: fc.boolean(),
});
const aLog: fc.Arbitrary<Model> = fc
  .tuple(fc.array(aFile, { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([made, ended]) => modelOf(made, ended));

function modelOf(
  made: readonly { lines: readonly (readonly [string, number | null])[]; gzip: boolean }[],
  ended: boolean,
): Model {
  const lines: { text: string; unixNs: bigint }[] = [];
  let atNs = T0;
  const files = made.map((file, position): MadeFile => {
    const index: [number, bigint][] = [];
    let offset = 0;
    let ordinal = 0n;
    for (const [text, later] of file.lines) {
      if (index.length === 0 || later !== null) {
        atNs += ordinal + BigInt(later ?? 1);
        index.push([offset, atNs]);
        ordinal = 0n;
      }
      lines.push({ text, unixNs: atNs + ordinal });
      ordinal++;
      offset += Buffer.byteLength(text) + 1;
    }
    atNs += ordinal;
    const text = file.lines.map(([line]) => `${line}\n`).join('');
    // Only the last line of all may be unfinished, and an empty one cannot be seen then.
    const cut = position === made.length - 1 && !ended && !/(?:^|\n)\n$/.test(text);
    return { content: cut ? text.slice(0, -1) : text, index, kind: file.gzip ? 'gzip' : 'plain' };
  });
  return { files, lines };
}

describe('any log, any question: the same as reading the whole', () => {
  const aTime = fc.option(fc.bigInt({ min: -3n, max: 90n }), { nil: null });
  test.each([
    ['all lines', null],
    ['lines with a text', 'needle'],
    ['lines that fit', '/^a|x$/i'],
  ])('%s', async (_name, pattern) => {
    const match = pattern === null ? null : matchOf(pattern);
    await fc.assert(
      fc.asyncProperty(aLog, fc.option(fc.nat(20), { nil: null }), aTime, aTime, async (model, count, since, until) => {
        const live = liveFile();
        writeLog(live, model.files, 7);
        const sinceNs = since === null ? null : T0 + since;
        const untilNs = until === null ? null : T0 + until;
        const found = await lines(live, { sinceNs, untilNs, count, match });
        const expected = model.lines.filter(
          ({ text, unixNs }) =>
            (sinceNs === null || unixNs >= sinceNs) &&
            (untilNs === null || unixNs <= untilNs) &&
            (match === null || match.inText(text)),
        );
        const wanted = count === null ? expected : expected.slice(expected.length - Math.min(count, expected.length));
        expect(found.map(({ bytes, unixNs }) => ({ text: bytes.toString(), unixNs }))).toEqual(wanted);
      }),
      { numRuns: 120 },
    );
  });

  test('up to any place, and from there on: every line once', async () => {
    await fc.assert(
      fc.asyncProperty(aLog, fc.nat(100), async (model, pick) => {
        const live = liveFile();
        writeLog(live, model.files);
        const places = model.files.flatMap(({ content }, position) => {
          const text = content.toString();
          const starts = [
            0,
            ...[...text.matchAll(/\n/g)].map(({ index }) => Buffer.byteLength(text.slice(0, index)) + 1),
          ];
          return starts.map((offset) => ({ seq: position + 1, offset }));
        });
        const place = places[pick % places.length] ?? BEGIN;
        const before: string[] = [];
        const after: string[] = [];
        for await (const batch of readRange(live, { from: BEGIN, to: place }, null))
          before.push(...batch.map(({ bytes }) => bytes.toString()));
        for await (const batch of readRange(live, { from: place, to: END }, null))
          after.push(...batch.map(({ bytes }) => bytes.toString()));
        expect([...before, ...after]).toEqual(model.lines.map(({ text }) => text));
      }),
      { numRuns: 80 },
    );
  });

  test('several logs are merged by time, each in its own order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aLog, { maxLength: 5 }), async (models) => {
        const found: Merged<TimedLine>[] = [];
        const sources = models.map((model) => {
          const live = liveFile();
          writeLog(live, model.files);
          return readRange(live, { from: BEGIN, to: END }, null);
        });
        for await (const batch of mergeByTime(sources)) found.push(...batch);
        const expected = models
          .flatMap((model, source) => model.lines.map((line) => ({ source, ...line })))
          .sort((a, b) => Number(a.unixNs - b.unixNs) || a.source - b.source);
        expect(found.map(({ source, item }) => [source, item.bytes.toString(), item.unixNs])).toEqual(
          expected.map(({ source, text, unixNs }) => [source, text, unixNs]),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('the tail', () => {
  test.each([
    ['', 5, []],
    ['\n', 5, ['']],
    ['\n\n\n', 2, ['', '']],
    ['one', 5, ['one']],
    ['one\ntwo\nthree', 2, ['two', 'three']],
    ['one\ntwo\nthree\n', 2, ['two', 'three']],
    ['one\n\nthree\n', 3, ['one', '', 'three']],
    ['one\ntwo\n', 0, []],
  ])('of %j, %i lines', async (content, count, expected) => {
    const live = liveFile();
    writeLog(live, [{ content }]);
    expect(await texts(live, { count })).toEqual(expected);
  });

  test('of lines of a megabyte comes whole, also over files', async () => {
    const live = liveFile();
    const long = (letter: string) => `${letter.repeat(1_048_576)}\n`;
    writeLog(live, [{ content: long('a') + long('b'), kind: 'gzip' }, { content: long('c') }, { content: long('d') }]);
    const found = await texts(live, { count: 3 });
    expect(found.map((line) => [line[0], line.length])).toEqual(['b', 'c', 'd'].map((letter) => [letter, 1_048_576]));
  });

  test('of one endless line is its end, beginning with a whole character', async () => {
    const live = liveFile();
    writeLog(live, [{ content: `old\n${'€'.repeat(13 * 1_048_576)}` }]);
    const [line, ...more] = await texts(live, { count: 3 });
    expect(more).toEqual([]);
    expect(line?.startsWith('€€')).toBe(true);
    expect(Buffer.byteLength(line ?? '')).toBeGreaterThan(32 * 1_048_576 - 4);
    expect(line?.includes('\ufffd')).toBe(false);
  });

  test('of bytes that are no text comes as they are', async () => {
    const live = liveFile();
    const garbage = Buffer.from([0xff, 0, 0xc3, 0x28, 10, 0x80, 10]);
    writeLog(live, [{ content: garbage }]);
    const found = await lines(live, { count: 9 });
    expect(Buffer.concat(found.flatMap(({ bytes }) => [bytes, Buffer.from('\n')]))).toEqual(garbage);
  });

  test('of what is no file is nothing', async () => {
    const folder = testFolder();
    for (const live of [path.join(folder, 'missing.log'), folder, '/dev/zero'])
      expect(await texts(live, { count: 5 })).toEqual([]);
  });

  test('leaves out what is no segment, and what was removed', async () => {
    const live = liveFile();
    writeLog(live, [{ content: 'one\n' }, { content: 'two\n' }, { content: 'three\n' }]);
    writeFileSync(path.join(`${live}.d`, '000000009.log.gz.tmp'), 'half');
    writeFileSync(path.join(`${live}.d`, 'notes.log'), 'mine\n');
    expect(await texts(live, { count: 9 })).toEqual(['one', 'two', 'three']);
  });
});

describe('times', () => {
  test('lines without an index have the time of their file, as a guess', async () => {
    const live = liveFile();
    writeLog(live, [{ content: 'old\n' }, { content: 'new\n' }]);
    expect((await lines(live)).map(({ known }) => known)).toEqual([false, false]);
    expect(await texts(live, { sinceNs: BigInt(Date.now() + 60_000) * 1_000_000n })).toEqual([]);
    expect(await texts(live, { sinceNs: BigInt(Date.now() - 60_000) * 1_000_000n })).toEqual(['old', 'new']);
  });

  test('lines older than the index come just before it', async () => {
    const live = liveFile();
    writeLog(live, [{ content: 'old\nnew\n', index: [[4, T0]] }]);
    expect((await lines(live)).map(({ unixNs, known }) => [unixNs - T0, known])).toEqual([
      [-1n, false],
      [0n, true],
    ]);
    expect(await texts(live, { sinceNs: T0 })).toEqual(['new']);
  });

  test('an index of another file, torn or broken, costs times and no lines', async () => {
    const live = liveFile();
    writeLog(live, [
      {
        content: 'one\ntwo\n',
        index: [
          [0, T0],
          [4, T0 + 9n],
        ],
      },
    ]);
    const index = path.join(`${live}.d`, 'live.idx');
    for (const bytes of ['', 'PMVX', 'no index at all, whatever it may be called']) {
      writeFileSync(index, bytes);
      expect(await texts(live)).toEqual(['one', 'two']);
    }
  });
});

test('bytes beyond the end of a rolled file are in the one that followed', () => {
  const live = liveFile();
  writeLog(live, [{ content: 'one\n' }, { content: 'two\n' }, { content: 'three\n' }], 4);
  expect(settledPosition(live, { seq: 4, offset: 3 })).toEqual({ seq: 4, offset: 3 });
  expect(settledPosition(live, { seq: 4, offset: 6 })).toEqual({ seq: 5, offset: 2 });
  expect(settledPosition(live, { seq: 4, offset: 10 })).toEqual({ seq: 6, offset: 2 });
  expect(settledPosition(live, { seq: 6, offset: 99 })).toEqual({ seq: 6, offset: 99 });
});

test.each([
  ['needle', 'a needle', true],
  ['Needle', 'a needle', false],
  ['/NEEDLE/i', 'a needle', true],
  ['/^needle/gy', 'needle', true],
  ['/usr/bin', 'runs /usr/bin/node', true],
  ['a/b', 'a/b', true],
  ['.', 'dot', false],
])('%s in "%s": %s', (pattern, line, found) => {
  const match = matchOf(pattern);
  expect([match.inText(line), match.inText(line), match.inBytes(Buffer.from(line))]).toEqual([found, found, found]);
});
