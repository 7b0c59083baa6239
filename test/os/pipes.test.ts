import { closeSync, constants, lstatSync, mkdirSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { errnoOf } from '../../src/base/errors.ts';
import { makeFifos, openForChild, openForReading, removeFifos } from '../../src/os/pipes.ts';
import { testFolder } from '../support/instance-logs.ts';

function readAll(fd: number): string {
  const buffer = Buffer.alloc(64 * 1024);
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return '';
    throw error;
  }
}

test('pipes are made for the owner only, however many and whatever their names', async () => {
  const folder = testFolder();
  const paths = Array.from({ length: 700 }, (_, id) => path.join(folder, `${id}.out`));
  const odd = ['-m', 'a b', "it's", 'ü\n'].map((name) => path.join(folder, name));
  await Promise.all([...paths.map((one) => makeFifos([one])), makeFifos(odd)]);
  for (const one of [...paths, ...odd]) {
    const found = lstatSync(one);
    expect([one, found.isFIFO(), found.mode & 0o777]).toEqual([one, true, 0o600]);
  }
});

test('a pipe that is there is kept with its content, a file in its place is replaced', async () => {
  const folder = testFolder();
  const kept = path.join(folder, 'kept');
  const file = path.join(folder, 'file');
  writeFileSync(file, 'no pipe');
  await makeFifos([kept]);
  const writer = openForChild(kept);
  writeSync(writer, 'said before\n');
  await makeFifos([kept, file]);
  const reader = openForReading(kept);
  expect(readAll(reader)).toBe('said before\n');
  expect(lstatSync(file).isFIFO()).toBe(true);
  closeSync(reader);
  closeSync(writer);
});

test('a path that cannot be a pipe is named in the error, and the others are made', async () => {
  const folder = testFolder();
  const bad = path.join(folder, 'no-such-folder', '0.out');
  const taken = path.join(folder, 'taken');
  const good = path.join(folder, 'good');
  mkdirSync(taken);
  const results = await Promise.allSettled([makeFifos([bad]), makeFifos([good]), makeFifos([taken])]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  expect(results[0]).toMatchObject({ reason: { code: 'HOME_UNUSABLE', message: expect.stringContaining(bad) } });
  expect(results[2]).toMatchObject({ reason: { code: 'HOME_UNUSABLE', message: expect.stringContaining(taken) } });
});

test('without a reader nothing is lost: the content waits as long as a writer has the pipe open', async () => {
  const pipe = path.join(testFolder(), 'pipe');
  await makeFifos([pipe]);
  const first = openForReading(pipe);
  const writer = openForChild(pipe);
  writeSync(writer, 'one\n');
  expect(readAll(first)).toBe('one\n');
  closeSync(first);
  writeSync(writer, 'two\n');
  const second = openForReading(pipe);
  expect(readAll(second)).toBe('two\n');
  expect(readAll(second)).toBe('');
  closeSync(writer);
  closeSync(second);
});

test('the end of a process blocks, the end of the reader does not', async () => {
  const pipe = path.join(testFolder(), 'pipe');
  await makeFifos([pipe]);
  const ends = [openForChild(pipe), openForReading(pipe)];
  const flags = ends.map((fd) => flagsOf(fd));
  expect(flags.map((flag) => (flag & constants.O_NONBLOCK) !== 0)).toEqual([false, true]);
  for (const fd of ends) closeSync(fd);
});

test('removing is quiet about what is not there', async () => {
  const folder = testFolder();
  const pipe = path.join(folder, 'pipe');
  await makeFifos([pipe]);
  removeFifos([pipe, path.join(folder, 'other')]);
  expect(lstatSync(pipe, { throwIfNoEntry: false })).toBeUndefined();
});

/** Open flags of a descriptor: proc_pid_fdinfo(5). */
function flagsOf(fd: number): number {
  const info = openSync(`/proc/self/fdinfo/${fd}`, 'r');
  const text = readAll(info);
  closeSync(info);
  return Number.parseInt(/^flags:\s*(\d+)$/m.exec(text)?.[1] ?? '', 8);
}
