import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import type { LiveProcess } from '../../src/daemon/instance.ts';
import { createRestWatch } from '../../src/daemon/rest-watch.ts';
import { openCpuClock } from '../../src/os/cpu-clock.ts';
import { createRunMarks, type RunMark } from '../../src/os/run-mark.ts';
import { needsPrograms } from '../support/programs.ts';
import { until } from '../support/until.ts';

const SETTLED_MS = 600;
const MINUTE_MS = 60_000;

/** A clock that goes on when it is told, and processes that run when they are told. */
function watch() {
  let nowMs = 0;
  const timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after(delayMs, callback) {
      timers.push({ atMs: nowMs + delayMs, callback });
      return () => {};
    },
  };
  const marks = new Map<number, RunMark | null>();
  const rest = createRestWatch({
    clock,
    marks: { read: (pid) => marks.get(pid) ?? null, isStill: (pid, mark) => marks.get(pid) === mark },
  });
  return {
    ...rest,
    pass(ms: number) {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      for (const timer of due) timers.splice(timers.indexOf(timer), 1);
      for (const { callback } of due) callback();
    },
    run: (pid: number, mark: string | null) => void marks.set(pid, mark),
  };
}

/** As far as the watch looks at it. */
const processOf = (id: number) => ({ id, pid: 100 + id, exited: false }) as LiveProcess;

describe('a process', () => {
  test('is at rest when it does nothing after what its answer has set off', () => {
    const { answered, isAtRest, pass, run } = watch();
    const process = processOf(1);
    run(101, 'before its answer');
    expect(isAtRest(process)).toBe(false);
    answered(process);
    run(101, 'after it');
    expect(isAtRest(process)).toBe(false);
    pass(SETTLED_MS);
    expect(isAtRest(process)).toBe(true);
    run(101, 'a request');
    expect(isAtRest(process)).toBe(false);
  });

  test('that was asked again is not at rest before it has settled again', () => {
    const { answered, isAtRest, pass, run } = watch();
    const process = processOf(1);
    run(101, 'idle');
    answered(process);
    pass(SETTLED_MS);
    answered(process);
    expect(isAtRest(process)).toBe(false);
    pass(SETTLED_MS);
    expect(isAtRest(process)).toBe(true);
  });

  test('that is at work, stopped or gone when it should rest is not at rest, also later', () => {
    const { answered, isAtRest, pass, run } = watch();
    const process = processOf(1);
    answered(process);
    run(101, null);
    pass(SETTLED_MS);
    run(101, 'idle');
    expect(isAtRest(process)).toBe(false);
    run(101, null);
    expect(isAtRest(process)).toBe(false);
  });

  test('is not at rest for longer than a minute, and those that answered together not until the same moment', () => {
    const { answered, isAtRest, pass, run } = watch();
    const processes = Array.from({ length: 60 }, (_, id) => processOf(id));
    for (const process of processes) {
      run(process.pid, 'idle');
      answered(process);
    }
    pass(SETTLED_MS);
    const resting = () => processes.filter(isAtRest).length;
    expect(resting()).toBe(60);
    let before = 60;
    for (let ms = 0; ms < MINUTE_MS; ms += 1_000) {
      pass(1_000);
      expect(before - resting()).toBeLessThanOrEqual(2);
      before = resting();
    }
    expect(before).toBe(0);
  });
});

describe.each([
  ['of the CPU clock', openCpuClock(true)],
  ['of the scheduler', openCpuClock(false)],
] as const)('a mark %s', (which, cpuClock) => {
  test('changes with the least work of a process, and with a signal that stops it', async (context) => {
    needsPrograms(context, 'cat');
    const isThere = which === 'of the scheduler' ? existsSync('/proc/self/schedstat') : cpuClock(process.pid) !== null;
    context.skip(!isThere, `this system has no mark ${which}`);
    const marks = createRunMarks(cpuClock);
    const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const pid = child.pid ?? 0;
    const resting = () => {
      const mark = marks.read(pid);
      return mark !== null && marks.isStill(pid, mark) && mark;
    };
    child.stdin.write('one\n');
    await once(child.stdout, 'data');
    const first = await until(resting, { what: 'it rests' });
    child.stdin.write('two\n');
    await once(child.stdout, 'data');
    const second = await until(resting, { what: 'it rests again' });
    expect(second).not.toBe(first);
    child.kill('SIGSTOP');
    await until(() => marks.read(pid) === null, { what: 'it is stopped' });
    // It runs to be stopped, but not at once where others run.
    await until(() => !marks.isStill(pid, second), { what: 'the stop is seen' });
    child.kill('SIGCONT');
    expect(await until(resting, { what: 'it goes on' })).not.toBe(second);
  });
});
