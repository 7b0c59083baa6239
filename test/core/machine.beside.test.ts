import { describe, expect, test } from 'vitest';
import { promotedInstance, surgingInstance } from './one-instance.ts';

describe('a main process that dies while its candidate is there', () => {
  test('is followed by the candidate, which has the rest of its time to become ready', () => {
    const app = surgingInstance();
    app.exits({ code: 1 });
    expect(app.effects).toEqual([]);
    expect(app.phase).toEqual({ status: 'starting', pid: 1_002, spawnedAtMs: 60_000, timerId: 1 });
    expect(app.state).toMatchObject({ generation: 2, newest: 2, beside: null, streak: 1, restartsShown: 1 });
    expect(app.state.counters).toMatchObject({ starts: 2, restarts: { error_code: 1 } });
    const move = { beside: false, from: 'running', to: 'starting', generation: 2 };
    expect(app.transitions.at(-1)).toMatchObject({ ...move, exit: { generation: 1, reason: 'error_code' } });
    app.pass(500);
    app.ready();
    expect(app.transitions.at(-1)).toMatchObject({ from: 'starting', to: 'running', readyMs: 500 });
  });

  test('is followed by a running process at once when the candidate is ready', () => {
    const app = surgingInstance({ autorestart: false });
    app.pass(300);
    app.beside.ready();
    app.exits({ code: 1 });
    expect(app.effects).toEqual([{ type: 'disarm', timerId: 2 }]);
    expect(app.phase).toEqual({ status: 'running', pid: 1_002, readyAtMs: 60_300 });
    expect(app.transitions.at(-1)).toMatchObject({ from: 'running', to: 'running', readyMs: 300, exit: { code: 1 } });
  });

  test('has what it left behind ended beside the candidate', () => {
    const app = surgingInstance();
    app.exits({ code: 1 }, true);
    expect(app.status).toBe('starting');
    expect(app.state.beside).toMatchObject({ role: 'leaving', generation: 1, cause: null, rootGone: true });
    expect(app.effects[0]).toEqual({ type: 'signal_tree', generation: 1 });
    app.beside.treeGone();
    expect(app.state).toMatchObject({ phase: { status: 'starting' }, beside: null });
  });
});

describe('stop and restart during a reload', () => {
  test('stop tells both to go, and is at rest when both are gone, whichever goes first', () => {
    for (const first of ['main', 'candidate']) {
      const app = surgingInstance();
      app.take({ type: 'stop' });
      expect(app.effects.filter(({ type }) => type === 'signal_tree')).toEqual([
        { type: 'signal_tree', generation: 1 },
        { type: 'signal_tree', generation: 2 },
      ]);
      if (first === 'main') app.exits({ signal: 'SIGINT' });
      else app.beside.exits({ signal: 'SIGINT' });
      expect(app.status).toBe('stopping');
      if (first === 'main') app.beside.exits({ signal: 'SIGINT' });
      else app.exits({ signal: 'SIGINT' });
      expect(app.state).toMatchObject({
        phase: { status: 'stopped' },
        beside: null,
        counters: { exits: { requested: 2 } },
      });
      expect(app.transitions.filter(({ exit }) => exit !== null).length).toBe(2);
    }
  });

  test('stop that waits only for the other sends nothing to the tree that is gone', () => {
    const app = surgingInstance();
    app.take({ type: 'stop' });
    app.exits({ signal: 'SIGINT' });
    expect(app.phase).toMatchObject({ status: 'stopping', rootGone: true, timerId: null });
    app.beside.timerFires();
    expect(app.effects.map(({ type }) => type)).toEqual(['kill_tree', 'arm']);
    expect(app.effects[0]).toEqual({ type: 'kill_tree', generation: 2 });
  });

  test('a start while only the other is waited for begins at once', () => {
    const app = promotedInstance();
    app.take({ type: 'stop' });
    app.exits({ signal: 'SIGINT' });
    app.take({ type: 'start' });
    expect(app.effects).toEqual([{ type: 'spawn', generation: 3 }]);
    expect(app.transitions.at(-1)).toMatchObject({ to: 'starting', exit: { generation: 2, reason: 'requested' } });
    app.beside.exits({ signal: 'SIGINT' });
    expect(app.state).toMatchObject({ phase: { status: 'starting' }, generation: 3, beside: null });
  });

  test('a failed spawn told twice while only the other is waited for is counted once', () => {
    const app = promotedInstance();
    app.exits({ code: 1 });
    app.take({ type: 'stop' });
    for (const message of ['EAGAIN', 'EAGAIN']) {
      app.take({ type: 'spawn_failed', generation: 3, message, permanent: false });
    }
    expect(app.state).toMatchObject({ phase: { status: 'stopping' }, counters: { exits: { spawn_failed: 1 } } });
    app.beside.exits({ signal: 'SIGINT' });
    expect(app.transitions.at(-1)).toMatchObject({ to: 'stopped', exit: { generation: 3, reason: 'spawn_failed' } });
  });

  test('stop gives the draining one no more time', () => {
    const app = promotedInstance();
    app.take({ type: 'stop' });
    expect(app.effects).toContainEqual({ type: 'signal_tree', generation: 1 });
    expect(app.state.beside).toMatchObject({ stage: 'asked' });
  });

  test.each([
    ['exited', { autorestart: false }],
    ['fatal', { maxRestarts: 0 }],
    ['backoff', { restartDelayMs: 5_000 }],
  ])('stop in %s waits for the one that still leaves', (status, changes) => {
    const app = promotedInstance(changes);
    app.exits({ code: 1 });
    expect(app.status).toBe(status);
    app.take({ type: 'stop' });
    expect(app.status).toBe('stopping');
    app.beside.exits({ signal: 'SIGINT' });
    expect(app.state).toMatchObject({ phase: { status: 'stopped' }, beside: null });
  });

  test('restart tells the candidate to go too, and does not wait for it', () => {
    const app = surgingInstance();
    app.take({ type: 'restart', cause: 'cron' });
    expect(app.state.beside).toMatchObject({ role: 'leaving', generation: 2, cause: 'cron', stage: 'asked' });
    app.exits({ signal: 'SIGINT' });
    expect(app.effects).toContainEqual({ type: 'spawn', generation: 3 });
    expect(app.state.beside).toMatchObject({ generation: 2 });
  });

  test('the memory limit of the main process ends both', () => {
    const app = surgingInstance();
    app.take({ type: 'memory_exceeded', generation: 1, rssBytes: 500_000_000 });
    expect(app.state).toMatchObject({ phase: { status: 'stopping', cause: 'memory_limit' } });
    expect(app.state.beside).toMatchObject({ role: 'leaving', cause: 'memory_limit' });
  });
});

test('facts and timers of what was beside, and is no more, change nothing', () => {
  const app = promotedInstance();
  app.beside.exits({ code: 0 });
  const before = app.state;
  const exit = { code: 1, signal: null, hint: null };
  app.take({ type: 'drained', generation: 1 });
  app.take({ type: 'exited', generation: 1, exit, leftovers: false });
  for (const timerId of [1, 2, 3]) app.take({ type: 'timer', timerId });
  expect(app.state).toBe(before);
});
