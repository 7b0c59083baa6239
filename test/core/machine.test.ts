import { describe, expect, test } from 'vitest';
import { EXIT_REASONS, unaskedReason } from '../../src/core/exit.ts';
import { oneInstance, runningInstance } from './one-instance.ts';

describe('start', () => {
  test('spawns the first generation; it is running once it is spawned', () => {
    const app = oneInstance();
    app.take({ type: 'start' });
    expect(app.status).toBe('starting');
    expect(app.effects).toEqual([{ type: 'spawn', generation: 1 }]);
    app.pass(20);
    app.spawned();
    expect(app.phase).toEqual({ status: 'running', pid: 1_001, readyAtMs: 20 });
    expect(app.transitions.at(-1)).toMatchObject({ from: 'starting', to: 'running', readyMs: 20 });
  });

  test('does nothing to what is up already', () => {
    const app = runningInstance();
    const before = app.state;
    app.take({ type: 'start' });
    expect(app.state).toBe(before);
    expect(app.effects).toEqual([]);
  });

  test('of what gave up forgets the deaths, and is no restart', () => {
    const app = runningInstance({ maxRestarts: 1 });
    app.exits({ code: 1 });
    expect(app.status).toBe('fatal');
    app.take({ type: 'start' });
    expect(app.state).toMatchObject({
      phase: { status: 'starting' },
      unstableRestarts: 0,
      streak: 0,
      restartsShown: 0,
    });
  });
});

describe('wait_ready', () => {
  test('the app is running when it says so', () => {
    const app = oneInstance({ waitReady: true, listenTimeoutMs: 3_000 });
    app.take({ type: 'start' });
    app.spawned();
    expect(app.status).toBe('starting');
    expect(app.delaysMs).toEqual([3_000]);
    app.pass(700);
    app.take({ type: 'ready', generation: 1 });
    expect(app.status).toBe('running');
    expect(app.effects).toEqual([{ type: 'disarm', timerId: 1 }]);
  });

  test('silence is a failure (PM2: a success): told to go, counted as unstable, reason ready_timeout', () => {
    const app = oneInstance({ waitReady: true });
    app.take({ type: 'start' });
    app.spawned();
    app.timerFires();
    expect(app.phase).toMatchObject({ status: 'stopping', cause: 'ready_timeout', next: 'starting' });
    expect(app.state.unstableRestarts).toBe(1);
    app.exits({ signal: 'SIGINT' });
    expect(app.state.lastExit).toMatchObject({ reason: 'ready_timeout', signal: 'SIGINT' });
    expect(app.state.counters.restarts.ready_timeout).toBe(1);
    expect(app.state.generation).toBe(2);
  });
});

describe('a crash', () => {
  test('the first is followed by a start at once, the second by a back-off that is published', () => {
    const app = runningInstance();
    app.exits({ code: 1 });
    expect(app.effects).toEqual([{ type: 'spawn', generation: 2 }]);
    expect(app.transitions.at(-1)).toMatchObject({ from: 'running', to: 'starting', exit: { reason: 'error_code' } });
    app.spawned();
    app.exits({ code: 1 });
    expect(app.phase).toMatchObject({ status: 'backoff', delayMs: 100 });
    expect(app.transitions.at(-1)).toMatchObject({ to: 'backoff', delayMs: 100, streak: 2, exit: { generation: 2 } });
    app.timerFires();
    expect(app.state).toMatchObject({ phase: { status: 'starting' }, generation: 3, restartsShown: 2 });
    expect(app.state.counters.restarts.error_code).toBe(2);
  });

  test('exp_backoff_restart_delay 100: the waits are 100 150 225 337 505 757 1135', () => {
    const app = oneInstance({ expBackoffRestartDelayMs: 100 });
    app.take({ type: 'start' });
    for (let deaths = 0; deaths < 7; deaths += 1) {
      app.spawned();
      app.exits({ code: 1 });
      app.timerFires();
    }
    expect(app.delaysMs).toEqual([100, 150, 225, 337, 505, 757, 1_135]);
  });

  test('after 30 s of life the waits begin anew', () => {
    const app = oneInstance({ expBackoffRestartDelayMs: 100 });
    app.take({ type: 'start' });
    for (const lifeMs of [5_000, 29_999, 30_000, 5_000]) {
      app.spawned();
      app.pass(lifeMs);
      app.exits({ code: 1 });
      app.timerFires();
    }
    expect(app.delaysMs).toEqual([100, 150, 100, 150]);
  });

  test('max_restarts 3: the third unstable death is the end, after two restarts', () => {
    const app = oneInstance({ maxRestarts: 3 });
    app.take({ type: 'start' });
    for (let deaths = 0; deaths < 3; deaths += 1) {
      if (app.status === 'backoff') app.timerFires();
      app.spawned();
      app.pass(500);
      app.exits({ code: 1 });
    }
    expect(app.state).toMatchObject({ phase: { status: 'fatal' }, restartsShown: 2, generation: 3 });
    expect(app.effects).toEqual([]);
  });

  test('what it leaves behind is told to go before the next is spawned, and killed if it does not listen', () => {
    const app = runningInstance();
    app.exits({ code: 1 }, true);
    expect(app.phase).toMatchObject({ status: 'stopping', cause: null, next: 'starting', rootGone: true });
    expect(app.effects[0]).toEqual({ type: 'signal_tree', generation: 1 });
    app.timerFires();
    expect(app.effects[0]).toEqual({ type: 'kill_tree', generation: 1 });
    app.take({ type: 'tree_gone', generation: 1 });
    expect(app.effects).toContainEqual({ type: 'spawn', generation: 2 });
    expect(app.transitions.filter(({ exit }) => exit !== null).length).toBe(1);
  });

  test('treekill false leaves alone what it leaves behind', () => {
    const app = runningInstance({ treekill: false });
    app.exits({ code: 1 }, true);
    expect(app.effects).toEqual([{ type: 'spawn', generation: 2 }]);
  });

  test('stop_exit_codes and autorestart false: it stays exited', () => {
    for (const policy of [{ stopExitCodes: [0, 42] }, { autorestart: false }]) {
      const app = runningInstance(policy);
      app.exits({ code: 42 });
      expect(app.status).toBe('exited');
      expect(app.effects).toEqual([]);
    }
  });

  test.each([
    [{ code: 0, signal: null, hint: null }, 'clean'],
    [{ code: 3, signal: null, hint: null }, 'error_code'],
    [{ code: null, signal: 'SIGABRT', hint: null }, 'signal'],
    [{ code: null, signal: 'SIGABRT', hint: 'heap_oom' }, 'heap_oom'],
    [{ code: null, signal: 'SIGKILL', hint: 'kernel_oom' }, 'kernel_oom'],
    [{ code: 1, signal: null, hint: 'uncaught' }, 'uncaught'],
    [{ code: null, signal: null, hint: null }, 'unknown'],
  ] as const)('%j is called %s', (status, reason) => {
    expect(unaskedReason(status)).toBe(reason);
    expect(EXIT_REASONS).toContain(reason);
  });
});

describe('a failed spawn', () => {
  test('that no second try can help is fatal at once, with the message', () => {
    const app = oneInstance();
    app.take({ type: 'start' });
    app.take({ type: 'spawn_failed', generation: 1, message: 'node99: no such file', permanent: true });
    expect(app.status).toBe('fatal');
    expect(app.state.lastExit).toMatchObject({ reason: 'spawn_failed', message: 'node99: no such file' });
  });

  test('that may pass is tried again, as after a crash', () => {
    const app = oneInstance();
    app.take({ type: 'start' });
    app.take({ type: 'spawn_failed', generation: 1, message: 'EAGAIN', permanent: false });
    expect(app.effects).toEqual([{ type: 'spawn', generation: 2 }]);
    app.take({ type: 'spawn_failed', generation: 2, message: 'EAGAIN', permanent: false });
    expect(app.status).toBe('backoff');
  });
});

describe('reset', () => {
  test('forgets what is shown and what drives the back-off, never what is counted', () => {
    const app = runningInstance();
    app.exits({ code: 1 });
    app.spawned();
    app.take({ type: 'reset' });
    expect(app.state).toMatchObject({ restartsShown: 0, unstableRestarts: 0, streak: 0, phase: { status: 'running' } });
    expect(app.state.counters.restarts.error_code).toBe(1);
    expect(app.effects).toEqual([]);
  });
});
