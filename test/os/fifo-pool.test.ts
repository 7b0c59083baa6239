import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createFifoPool, type FifoPool } from '../../src/os/fifo-pool.ts';
import { until } from '../support/until.ts';

/** Time passes at once: what is to come later comes next. */
const HASTY: Clock = { ...systemClock, after: (_delayMs, callback) => systemClock.after(0, callback) };

function pool(): { readonly folder: string; readonly spare: string; readonly pool: FifoPool } {
  const folder = mkdtempSync(path.join(tmpdir(), 'promvisor-fifos-'));
  const spare = path.join(folder, 'spare');
  const made = createFifoPool({ folder: spare, clock: HASTY, onProblem: () => {} });
  onTestFinished(() => {
    made.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, spare, pool: made };
}

const isPipe = (file: string) => lstatSync(file).isFIFO();
const countIn = (folder: string) => (existsSync(folder) ? readdirSync(folder).length : 0);

test('gives pipes with and without spare ones, and has new spare ones a moment later', async () => {
  const { folder, spare, pool: fifos } = pool();
  const names = (letter: string, count: number) =>
    Array.from({ length: count }, (_, i) => path.join(folder, `${letter}${i}`));
  await fifos.makeFifos(names('a', 3));
  await until(() => countIn(spare) === 256, { what: 'spare pipes' });
  await fifos.makeFifos(names('b', 300));
  expect([...names('a', 3), ...names('b', 300)].every(isPipe)).toBe(true);
  expect(lstatSync(path.join(folder, 'b0')).mode & 0o777).toBe(0o600);
  await until(() => countIn(spare) === 256, { what: 'spare pipes again' });
});

test('replaces a file, keeps a pipe with its content, and tells what is in the way', async () => {
  const { folder, spare, pool: fifos } = pool();
  await until(() => countIn(spare) === 256, { what: 'spare pipes' });
  const file = path.join(folder, 'file');
  writeFileSync(file, 'text');
  await fifos.makeFifos([file]);
  expect(isPipe(file)).toBe(true);
  const { ino } = lstatSync(file);
  await fifos.makeFifos([file]);
  expect(lstatSync(file).ino).toBe(ino);
  const inTheWay = path.join(folder, 'folder');
  mkdirSync(inTheWay);
  await expect(fifos.makeFifos([inTheWay])).rejects.toMatchObject({ code: 'HOME_UNUSABLE' });
});

test('leaves nothing behind', async () => {
  const { spare, pool: fifos } = pool();
  await until(() => countIn(spare) === 256, { what: 'spare pipes' });
  fifos.close();
  expect(existsSync(spare)).toBe(false);
});
