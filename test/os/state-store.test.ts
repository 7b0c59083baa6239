import { spawn } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { previousOf, replaceFile } from '../../src/base/atomic-file.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { DaemonLog } from '../../src/daemon/own-log.ts';
import { readState, stateText } from '../../src/daemon/state/saved.ts';
import { createStore, loadState } from '../../src/daemon/state/store.ts';
import { killQuietly } from '../support/processes.ts';
import { until } from '../support/until.ts';

const SNAPSHOTS = 1_000;
const KILLS = 12;

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'pmv-state-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A log that keeps what it was told. */
function logOf(told: string[] = []): DaemonLog {
  const note = (_data: unknown, text: string) => void told.push(text);
  return { info: note, warn: note, error: note } as unknown as DaemonLog; // the store uses no more of it
}

/** A state that is told from others by one number, and is long enough to be cut anywhere. */
function textOf(number: number): string {
  const body = JSON.stringify({ savedAtMs: number, instances: [], specs: ['x'.repeat(20_000)] });
  return stateText({ body, instances: 0, stopping: false, bootId: 'boot' });
}

function numberIn(file: string, told: string[] = []): number | null {
  return loadState(file, logOf(told), 0)?.savedAtMs ?? null;
}

/** The folder as it is at this moment: the files of a state are never changed in place. */
function snapshotOf(live: string, into: string): void {
  mkdirSync(into);
  for (const name of readdirSync(live)) {
    try {
      linkSync(path.join(live, name), path.join(into, name));
    } catch {
      // Renamed between the list and the link.
    }
  }
}

describe('the state on disk', () => {
  test(`of ${SNAPSHOTS} moments in which the power may go is one that was true`, async () => {
    const live = folder();
    const copies = folder();
    const file = path.join(live, 'state.json');
    let number = 0;
    const store = createStore({ file, clock: systemClock, log: logOf(), text: () => textOf(number), durable: true });
    store.touch();
    await store.settled();
    let settled = 0;
    for (let at = 0; at < SNAPSHOTS; at++) {
      number++;
      store.touch();
      if (at % 7 === 0) {
        await store.settled();
        settled = number;
      } else if (at % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      const copy = path.join(copies, String(at));
      snapshotOf(live, copy);
      const found = numberIn(path.join(copy, 'state.json'));
      expect(found, `snapshot ${at}`).not.toBeNull();
      expect(found).toBeGreaterThanOrEqual(settled - 1);
      expect(found).toBeLessThanOrEqual(number);
      rmSync(copy, { recursive: true });
    }
    await store.close();
    expect(numberIn(file)).toBe(number);
  });

  test(`of a daemon that is killed ${KILLS} times while it writes is whole`, { timeout: 60_000 }, async () => {
    const live = folder();
    const file = path.join(live, 'state.json');
    const module = (name: string) => pathToFileURL(path.join(import.meta.dirname, '../../dist/js', name)).href;
    const writer = `
      import { replaceFile } from ${JSON.stringify(module('base/atomic-file.js'))};
      import { stateText } from ${JSON.stringify(module('daemon/state/saved.js'))};
      let number = Number(process.argv[1]);
      for (;;) {
        number++;
        const body = JSON.stringify({ savedAtMs: number, instances: [], specs: ['x'.repeat(200000)] });
        await replaceFile(${JSON.stringify(file)}, stateText({ body, instances: 0, stopping: false, bootId: '' }), true);
        console.log(number);
      }`;
    let last = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer, String(last)], { stdio: 'pipe' });
      onTestFinished(() => killQuietly(child.pid ?? 0));
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      await until(() => said.split('\n').length > 2 + (kill % 3), { what: 'states written' });
      child.kill('SIGKILL');
      await ended;
      const confirmed = Number(
        said
          .trimEnd()
          .split('\n')
          .filter((line) => /^\d+$/.test(line))
          .at(-1),
      );
      const found = numberIn(file);
      expect(found).toBeGreaterThanOrEqual(confirmed);
      last = found ?? 0;
    }
  });

  test('that is cut off anywhere is known as broken, set aside, and the one before it is taken', async () => {
    const file = path.join(folder(), 'state.json');
    await replaceFile(file, textOf(1), true);
    await replaceFile(file, textOf(2), true);
    const whole = readFileSync(file);
    for (const bytes of [0, 1, 50, 200, 400, 5_000, whole.length - 2]) {
      writeFileSync(file, whole.subarray(0, bytes));
      const told: string[] = [];
      expect(numberIn(file, told)).toBe(1);
      expect(told).toEqual(['a state file cannot be read and was set aside']);
    }
    writeFileSync(file, whole.toString().replace('xxx', 'xyx'));
    expect(numberIn(file)).toBe(1);
    expect(readState(readFileSync(previousOf(file), 'utf8'))).toMatchObject({ savedAtMs: 1 });
  });

  test('that nobody else may read', async () => {
    const file = path.join(folder(), 'state.json');
    await replaceFile(file, textOf(1), true);
    const { statSync } = await import('node:fs');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('that cannot be written is told once, tried again, and written when it can be', async () => {
    const parent = folder();
    const file = path.join(parent, 'missing/state.json');
    const told: string[] = [];
    const store = createStore({ file, clock: systemClock, log: logOf(told), text: () => textOf(5), durable: true });
    store.touch();
    await store.settled();
    expect(store.problem()).toContain('ENOENT');
    mkdirSync(path.dirname(file));
    await until(() => store.problem() === null, { what: 'the state is written' });
    expect(numberIn(file)).toBe(5);
    expect(told).toEqual(['the state could not be written, trying again', 'the state is on disk again']);
    await store.close();
  });
});
