import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tailFile } from '../../src/logs/follow.ts';
import { testFolder } from '../support/instance-logs.ts';

async function tail(content: string | Buffer, count: number, upto?: number): Promise<string[]> {
  const file = path.join(testFolder(), 'a.log');
  writeFileSync(file, content);
  const lines = upto === undefined ? await tailFile(file, count) : await tailFile(file, count, upto);
  return lines.map(String);
}

test.each([
  ['', 5, []],
  ['\n', 5, ['']],
  ['\n\n\n', 2, ['', '']],
  ['one', 5, ['one']],
  ['one\n', 5, ['one']],
  ['one\ntwo\nthree', 2, ['two', 'three']],
  ['one\ntwo\nthree\n', 2, ['two', 'three']],
  ['one\n\nthree\n', 3, ['one', '', 'three']],
  ['one\ntwo\n', 0, []],
  ['one\ntwo\n', -1, []],
])('the tail of %j, %i lines', async (content, count, lines) => {
  expect(await tail(content, count)).toEqual(lines);
});

test('any file, any count: the same as splitting the whole', async () => {
  const file = path.join(testFolder(), 'a.log');
  const line = fc.oneof(
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
    fc.integer({ min: 65_400, max: 65_700 }).map((size) => 'x'.repeat(size)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.boolean(), fc.nat(14), async (lines, ended, count) => {
      const text = lines.join('\n') + (ended && lines.length > 0 ? '\n' : '');
      writeFileSync(file, text);
      const all = text.split('\n');
      if (all.at(-1) === '') all.pop();
      const found = (await tailFile(file, count)).map(String);
      expect(found).toEqual(count === 0 ? [] : all.slice(-count));
    }),
    { numRuns: 150 },
  );
});

test('lines of a megabyte come whole', async () => {
  const lines = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(1_048_576));
  const found = await tail(`${lines.join('\n')}\n`, 2);
  expect(found.map((line) => [line[0], line.length])).toEqual([
    ['c', 1_048_576],
    ['d', 1_048_576],
  ]);
});

test('a file of one endless line gives its end, not all of it', async () => {
  const [line, ...more] = await tail(Buffer.alloc(40 * 1_048_576, 120), 3);
  expect(more).toEqual([]);
  expect(line?.length).toBe(32 * 1_048_576);
});

test('the file can be read as it was at an earlier length', async () => {
  expect(await tail('one\ntwo\nthree\n', 1, 8)).toEqual(['two']);
  expect(await tail('one\ntwo\n', 5, 0)).toEqual([]);
  expect(await tail('one\ntwo\n', 5, Number.MAX_SAFE_INTEGER)).toEqual(['one', 'two']);
});

test('bytes that are no text come as they are', async () => {
  const file = path.join(testFolder(), 'a.log');
  const garbage = Buffer.from([0xff, 0, 0xc3, 0x28, 10, 0x80, 10]);
  writeFileSync(file, garbage);
  expect(Buffer.concat((await tailFile(file, 9)).flatMap((line) => [line, Buffer.from('\n')]))).toEqual(garbage);
});

test('what is no file gives nothing', async () => {
  const folder = testFolder();
  expect(await tailFile(path.join(folder, 'missing.log'), 5)).toEqual([]);
  expect(await tailFile(folder, 5)).toEqual([]);
  expect(await tailFile('/dev/zero', 5)).toEqual([]);
});
