import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, lstatSync, mkdirSync, readdirSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { errnoOf } from '../../src/base/errors.ts';
import { createFifoPool, type FifoPool } from '../../src/os/fifo-pool.ts';
import * as pipes from '../../src/os/pipes.ts';
import { logsBench, runOn, startOn, testFolder, waitFor } from '../support/instance-logs.ts';
import { until } from '../support/until.ts';

interface Place {
  readonly folder: string;
  readonly spare: string;
  /** Absolute paths beside the folder of the spare ones. */
  named(letter: string, count: number): string[];
  /** A pool of at most so many, filled. */
  open(most: number): Promise<FifoPool>;
}

function place(): Place {
  const folder = testFolder();
  const spare = path.join(folder, 'spare');
  return {
    folder,
    spare,
    named: (letter, count) => Array.from({ length: count }, (_, i) => path.join(folder, `${letter}${i}`)),
    async open(most) {
      const pool = createFifoPool({ folder: spare, most });
      await pool.fill();
      return pool;
    },
  };
}

const inodeOf = (file: string) => lstatSync(file).ino;
const inodesIn = (folder: string) => readdirSync(folder).map((name) => inodeOf(path.join(folder, name)));
const isThere = (file: string) => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

/** What can be read of a pipe now; `held` when there is nothing and somebody may still write. */
function contentOf(fifo: string): string {
  const fd = pipes.openForReading(fifo);
  try {
    const buffer = Buffer.alloc(1024);
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return 'held';
    throw error;
  } finally {
    closeSync(fd);
  }
}

test('gives spare pipes a name; when there is none left, makes new ones', async () => {
  const { spare, named, open } = place();
  const pool = await open(4);
  const made = inodesIn(spare);
  expect(made).toHaveLength(4);
  const wanted = named('a', 6);
  await pool.makeFifos(wanted);
  expect(wanted.map((one) => [lstatSync(one).isFIFO(), lstatSync(one).mode & 0o777])).toEqual(
    wanted.map(() => [true, 0o600]),
  );
  expect(wanted.map(inodeOf)).toEqual(expect.arrayContaining(made));
  expect(readdirSync(spare)).toEqual([]);
});

test('takes pipes back and gives them again, as many as there is room for', async () => {
  const { spare, named, open } = place();
  const pool = await open(4);
  const first = named('a', 6);
  await pool.makeFifos(first);
  const inodes = first.map(inodeOf);
  pool.removeFifos([...first, ...named('never there', 1)]);
  expect(first.filter(isThere)).toEqual([]);
  expect(readdirSync(spare)).toHaveLength(4);
  const second = named('b', 4);
  await pool.makeFifos(second);
  expect(inodes).toEqual(expect.arrayContaining(second.map(inodeOf)));
  expect(second.map(contentOf)).toEqual(['', '', '', '']);
});

test('a pipe that a process has open, in whatever way, is never given to another', async () => {
  const { folder, spare, named, open } = place();
  const pool = await open(3);
  const [written = '', read = '', onlyWritten = ''] = named('a', 3);
  await pool.makeFifos([written, read, onlyWritten]);
  const child = spawn('sh', ['-c', `exec 3<>"${written}"; echo open >&2; read line; echo late >&3`], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  await once(child.stderr, 'data');
  const reader = pipes.openForReading(read);
  // Open for writing alone: the reader that it takes goes at once.
  const helper = pipes.openForReading(onlyWritten);
  const shell = spawn('sh', ['-c', `exec 3>"${onlyWritten}"; echo open >&2; read line`], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  await once(shell.stderr, 'data');
  closeSync(helper);
  pool.removeFifos([written, read, onlyWritten]);
  expect([written, read, onlyWritten].filter(isThere)).toEqual([]);
  expect(readdirSync(spare)).toEqual([]);
  await pool.makeFifos([written]);
  child.stdin.end('\n');
  shell.stdin.end('\n');
  await Promise.all([once(child, 'exit'), once(shell, 'exit')]);
  closeSync(reader);
  expect([contentOf(written), readdirSync(folder).sort()]).toEqual(['', ['a0', 'spare']]);
});

test('what was never read goes with its last holder and comes up nowhere', async () => {
  const { spare, named, open } = place();
  const pool = await open(1);
  const [fifo = ''] = named('a', 1);
  await pool.makeFifos([fifo]);
  const inode = inodeOf(fifo);
  const end = pipes.openForChild(fifo);
  writeSync(end, 'never read\n');
  closeSync(end);
  pool.removeFifos([fifo]);
  expect(inodesIn(spare)).toEqual([inode]);
  await pool.makeFifos([fifo]);
  expect([inodeOf(fifo), contentOf(fifo)]).toEqual([inode, '']);
});

test('uses what a daemon before left behind, and clears away what is no spare pipe', async () => {
  const { spare, named, open } = place();
  await open(5);
  const left = ['1', '2', '3', '4'].map((name) => path.join(spare, name));
  const inodes = left.map(inodeOf);
  writeFileSync(path.join(spare, '7'), 'a file');
  writeFileSync(path.join(spare, 'note.txt'), 'a file');
  mkdirSync(path.join(spare, 'folder'));
  await pipes.makeFifos([path.join(spare, 'odd')]);
  rmSync(path.join(spare, '0'));
  const pool = await open(5);
  expect(left.map(inodeOf)).toEqual(inodes);
  const all = inodesIn(spare).sort();
  expect(all).toHaveLength(5);
  const wanted = named('a', 5);
  await pool.makeFifos(wanted);
  expect(wanted.map(inodeOf).sort()).toEqual(all);
  pool.removeFifos(wanted);
  await open(2);
  expect(readdirSync(spare)).toHaveLength(2);
});

test('a pipe that is there keeps its content, a file in the way is replaced, a folder is named', async () => {
  const { named, open } = place();
  const pool = await open(4);
  const [kept = '', file = '', taken = ''] = named('a', 3);
  await pool.makeFifos([kept]);
  const inode = inodeOf(kept);
  const end = pipes.openForChild(kept);
  writeSync(end, 'said before\n');
  writeFileSync(file, 'no pipe');
  mkdirSync(taken);
  await expect(pool.makeFifos([kept, file, taken])).rejects.toMatchObject({
    code: 'HOME_UNUSABLE',
    message: expect.stringContaining(taken),
  });
  expect([inodeOf(kept), contentOf(kept), lstatSync(file).isFIFO()]).toEqual([inode, 'said before\n', true]);
  closeSync(end);
});

test('without a place for spare ones pipes are made and removed as ever, and the filling tells why', async () => {
  const { spare, named } = place();
  writeFileSync(spare, 'in the way');
  const pool = createFifoPool({ folder: spare });
  await expect(pool.fill()).rejects.toThrow(spare);
  const wanted = named('a', 2);
  await pool.makeFifos(wanted);
  expect(wanted.map((one) => lstatSync(one).isFIFO())).toEqual([true, true]);
  pool.removeFifos(wanted);
  expect(wanted.filter(isThere)).toEqual([]);
});

test('who asks while it is filled gets spare ones, and nothing is made twice', async () => {
  const { spare, named } = place();
  const pool = createFifoPool({ folder: spare, most: 8 });
  const filled = Promise.all([pool.fill(), pool.fill()]);
  const wanted = named('a', 3);
  await pool.makeFifos(wanted);
  await filled;
  expect(wanted.map((one) => lstatSync(one).isFIFO())).toEqual([true, true, true]);
  expect(readdirSync(spare)).toHaveLength(5);
});

test('pipes of a deleted instance serve the next one; those that a survivor writes to do not', async () => {
  const { spare, open } = place();
  const pool = await open(2);
  const bench = logsBench({ pipes: { ...pipes, ...pool } });
  const first = await bench.open();
  await runOn(first, 'printf unfinished');
  await first.close();
  expect(readdirSync(spare)).toHaveLength(2);

  const second = await bench.open();
  const gate = path.join(testFolder(), 'open');
  const program = startOn(second, `(${waitFor(gate)}; echo from the survivor) & echo left it behind`);
  await program.exited;
  await second.close();
  expect(readdirSync(spare)).toEqual([]);

  const third = await bench.open();
  writeFileSync(gate, '');
  await runOn(third, 'echo of the third');
  await until(() => third.account().out.lines === 1, { what: 'the line of the third' });
  await third.settled();
  expect(bench.read('out.log')).toBe('unfinished\nleft it behind\nof the third\n');
  expect(bench.problems).toEqual([]);
});
