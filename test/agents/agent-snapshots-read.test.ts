import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { leftSnapshots, readSnapshot, removeSnapshot, snapshotPath } from '../../src/daemon/snapshots.ts';
import { fullTelemetry } from '../support/agent-answers.ts';

function base(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return snapshotPath(folder, { id: 3, generation: 7 });
}

function write(file: string, taken: number, { more = '', claim = 0 } = {}): void {
  const families = [{ name: 'a_total', help: '', type: 'counter', values: [{ value: taken, labels: {} }] }];
  const json = JSON.stringify({ taken, counters: fullTelemetry().counters, families });
  writeFileSync(file, `${taken} ${Buffer.byteLength(json) + claim}\n${json}${more}`);
}

function replace(file: string, make: () => void): void {
  rmSync(file);
  make();
}

test('the newest is taken, whichever file it is in', () => {
  const files = base();
  expect(readSnapshot(files)).toBeNull();
  write(`${files}.a`, 4);
  expect(readSnapshot(files)?.taken).toBe(4);
  write(`${files}.b`, 5);
  const snapshot = readSnapshot(files);
  expect(snapshot?.taken).toBe(5);
  expect(snapshot?.counters.get('httpServer GET 2xx')?.[1]).toBe(3);
  expect(snapshot?.families[0]?.rows.get('')).toEqual([5]);
  write(`${files}.a`, 6, { more: 'what an older and longer one has left' });
  expect(readSnapshot(files)?.taken).toBe(6);
});

test.each<[string, (file: string) => void]>([
  ['is torn', (file) => truncateSync(file, 60)],
  ['is empty', (file) => writeFileSync(file, '')],
  ['claims more than it has', (file) => write(file, 9, { claim: 1 })],
  ['is no JSON', (file) => writeFileSync(file, '9 5\n{"a":')],
  ['is JSON of another kind', (file) => writeFileSync(file, '9 4\nnull')],
  ['has no header', (file) => writeFileSync(file, '{}')],
  ['is huge', (file) => truncateSync(file, 100_000_000)],
  ['is a folder', (file) => replace(file, () => mkdirSync(file))],
  ['is a pipe', (file) => replace(file, () => execFileSync('mkfifo', [file]))],
])('the older one counts where the newer %s', (_what, spoil) => {
  const files = base();
  write(`${files}.a`, 8);
  write(`${files}.b`, 9);
  spoil(`${files}.b`);
  expect(readSnapshot(files)?.taken).toBe(8);
  removeSnapshot(files);
  expect(readdirSync(path.dirname(files))).toEqual([]);
});

test('what an earlier daemon has left is found by process, and nothing else', () => {
  const files = base();
  const folder = path.dirname(files);
  for (const name of ['agent-3-17.a', 'agent-3-9.b', 'agent-3-9.a', 'agent.sock', 'agent-3-7.c', '3.out'])
    writeFileSync(path.join(folder, name), '');
  expect(leftSnapshots(folder)).toEqual([
    { id: 3, generation: 9, base: path.join(folder, 'agent-3-9') },
    { id: 3, generation: 17, base: path.join(folder, 'agent-3-17') },
  ]);
});
