import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import type { Transition } from '../../src/core/states.ts';
import type { Instance } from '../../src/daemon/instance.ts';
import type { DaemonLog } from '../../src/daemon/own-log.ts';
import { createPidFiles } from '../../src/daemon/pid-files.ts';
import { testFolder } from '../support/instance-logs.ts';

const STEP_MS = 10;

/** A clock that the test moves on, in small steps, with one timer at a time. */
function handClock() {
  let nowMs = 0;
  let timer: { readonly atMs: number; readonly callback: () => void } | null = null;
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after(delayMs, callback) {
      if (timer !== null) throw new Error('a second timer');
      timer = { atMs: nowMs + delayMs, callback };
      return () => {
        timer = null;
      };
    },
  };
  const pass = (ms: number) => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      nowMs += STEP_MS;
      if (timer === null || timer.atMs > nowMs) continue;
      const { callback } = timer;
      timer = null;
      callback();
    }
  };
  return { clock, pass, isArmed: () => timer !== null };
}

function pidFiles() {
  const folder = testFolder();
  const hand = handClock();
  const problems: unknown[] = [];
  // Only what pid files call.
  const log = { warn: (problem: unknown) => problems.push(problem) } as unknown as DaemonLog;
  const files = createPidFiles(hand.clock, log);
  const instance = (id: number, status: string, pidFile = path.join(folder, 'pids', `app-${id}.pid`)) => {
    // Only what pid files look at.
    return { id, pidFile, state: { phase: { status } }, process: { pid: 1000 + id } } as unknown as Instance;
  };
  const change = (one: Instance, beside = false) => files.follow(one, { beside } as Transition);
  return { ...hand, files, instance, change, problems, folder };
}

test('the first files are written at once: a script reads the pid right after the start', () => {
  const { instance, change } = pidFiles();
  const first = Array.from({ length: 8 }, (_, id) => instance(id, 'running'));
  for (const one of first) {
    change(one);
    expect(readFileSync(one.pidFile, 'utf8')).toBe(String(1000 + one.id));
  }
  const next = instance(8, 'running');
  change(next);
  expect(existsSync(next.pidFile)).toBe(false);
});

/** The first of a burst were others. */
function inBurst() {
  const made = pidFiles();
  for (let id = 10; id < 18; id++) made.change(made.instance(id, 'running'));
  return made;
}

test('the other files of a burst are written once it is quiet, and go with their processes', () => {
  const { files, instance, change, pass, isArmed, problems } = inBurst();
  const [first, second] = [instance(1, 'running'), instance(2, 'running')];
  change(first);
  pass(80);
  change(second);
  pass(80);
  expect([existsSync(first.pidFile), existsSync(second.pidFile)]).toEqual([false, false]);
  pass(30);
  expect([readFileSync(first.pidFile, 'utf8'), readFileSync(second.pidFile, 'utf8')]).toEqual(['1001', '1002']);
  expect(isArmed()).toBe(false);
  const stopped = instance(1, 'stopped');
  change(stopped);
  pass(110);
  files.forget(second);
  expect([existsSync(first.pidFile), existsSync(second.pidFile), problems]).toEqual([false, false, []]);
});

test('with changes all the time they are written within two seconds all the same', () => {
  const { instance, change, pass } = inBurst();
  const [steady, restless] = [instance(1, 'running'), instance(2, 'running')];
  change(steady);
  for (let atMs = 0; atMs < 1960; atMs += 40) {
    change(restless);
    pass(40);
  }
  expect(existsSync(steady.pidFile)).toBe(false);
  change(restless);
  pass(40);
  expect(readFileSync(steady.pidFile, 'utf8')).toBe('1001');
});

test('the end of the daemon writes what is due, a process beside the main one has no file, a problem is told', () => {
  const { files, instance, change, isArmed, problems, folder } = inBurst();
  const [due, beside] = [instance(1, 'running'), instance(2, 'running')];
  const bad = instance(3, 'running', folder);
  change(due);
  change(beside, true);
  change(bad);
  files.close();
  expect([existsSync(due.pidFile), existsSync(beside.pidFile), isArmed()]).toEqual([true, false, false]);
  expect(problems).toEqual([expect.objectContaining({ id: 3, pidFile: folder })]);
});
