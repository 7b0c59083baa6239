import { describe, expect, test } from 'vitest';
import { oneInstance, runningInstance } from './one-instance.ts';

describe('stop', () => {
  test('tells the tree to go and waits until it is gone', () => {
    const app = runningInstance({ killTimeoutMs: 1_600 });
    app.take({ type: 'stop' });
    expect(app.effects).toEqual([
      { type: 'signal_tree', generation: 1 },
      { type: 'arm', timerId: 1, delayMs: 1_600 },
    ]);
    app.exits({ signal: 'SIGINT' });
    expect(app.status).toBe('stopped');
    expect(app.effects).toEqual([{ type: 'disarm', timerId: 1 }]);
    expect(app.state.lastExit).toMatchObject({ reason: 'requested', code: null, signal: 'SIGINT' });
  });

  test('that needs SIGKILL is a kill_timeout, and SIGKILL is sent again to what still does not go', () => {
    const app = runningInstance({ killTimeoutMs: 1_600 });
    app.take({ type: 'stop' });
    app.timerFires();
    expect(app.effects).toContainEqual({ type: 'kill_tree', generation: 1 });
    app.timerFires();
    expect(app.effects).toContainEqual({ type: 'kill_tree', generation: 1 });
    app.exits({ signal: 'SIGKILL' });
    expect(app.status).toBe('stopped');
    expect(app.state.lastExit?.reason).toBe('kill_timeout');
  });

  test('waits for the children too, when the root goes first', () => {
    const app = runningInstance();
    app.take({ type: 'stop' });
    app.exits({ code: 0 }, true);
    expect(app.status).toBe('stopping');
    app.take({ type: 'tree_gone', generation: 1 });
    expect(app.status).toBe('stopped');
  });

  test('before the process is there: it is told to go as soon as it is', () => {
    const app = oneInstance();
    app.take({ type: 'start' });
    app.take({ type: 'stop' });
    app.spawned();
    expect(app.effects).toEqual([{ type: 'signal_tree', generation: 1 }]);
    app.exits({ signal: 'SIGINT' });
    expect(app.status).toBe('stopped');
  });

  test('during a back-off: at rest at once, and the old timer is dead', () => {
    const app = runningInstance({ restartDelayMs: 5_000 });
    app.exits({ code: 1 });
    expect(app.status).toBe('backoff');
    app.take({ type: 'stop' });
    expect(app.status).toBe('stopped');
    expect(app.effects).toEqual([{ type: 'disarm', timerId: 1 }]);
    app.pass(5_000);
    app.take({ type: 'timer', timerId: 1 });
    expect(app.status).toBe('stopped');
    expect(app.effects).toEqual([]);
  });

  test('while a restart is under way: it is not spawned again', () => {
    const app = runningInstance();
    app.take({ type: 'restart', cause: 'watch' });
    app.take({ type: 'stop' });
    app.exits({ signal: 'SIGINT' });
    expect(app.status).toBe('stopped');
    expect(app.state.generation).toBe(1);
  });

  test('of what gave up or finished: it is stopped', () => {
    const fatal = runningInstance({ maxRestarts: 0 });
    const exited = runningInstance({ autorestart: false });
    for (const app of [fatal, exited]) {
      app.exits({ code: 1 });
      app.take({ type: 'stop' });
      expect(app.status).toBe('stopped');
    }
  });

  test('start while it is still stopping: the old one is gone before the new one is spawned', () => {
    const app = runningInstance();
    app.take({ type: 'stop' });
    app.take({ type: 'start' });
    expect(app.effects).toEqual([]);
    app.exits({ signal: 'SIGINT' });
    expect(app.effects).toContainEqual({ type: 'spawn', generation: 2 });
    app.spawned();
    expect(app.status).toBe('running');
  });
});

describe('restart', () => {
  test('stops, then starts; it counts, and the death is told with the start', () => {
    const app = runningInstance();
    app.take({ type: 'restart', cause: 'requested' });
    expect(app.phase).toMatchObject({ status: 'stopping', cause: 'requested', next: 'starting' });
    app.exits({ code: 0 });
    expect(app.state).toMatchObject({ phase: { status: 'starting' }, generation: 2, restartsShown: 1 });
    expect(app.state.counters.restarts.requested).toBe(1);
    expect(app.transitions.at(-1)).toMatchObject({ to: 'starting', cause: 'requested', exit: { reason: 'requested' } });
  });

  test('while it is stopping: it goes on to a start', () => {
    const app = runningInstance();
    app.take({ type: 'stop' });
    app.take({ type: 'restart', cause: 'requested' });
    app.exits({ signal: 'SIGINT' });
    expect(app.state).toMatchObject({ phase: { status: 'starting' }, generation: 2 });
  });

  test('during a back-off: at once', () => {
    const app = runningInstance({ restartDelayMs: 5_000 });
    app.exits({ code: 1 });
    app.take({ type: 'restart', cause: 'requested' });
    expect(app.effects).toEqual([
      { type: 'disarm', timerId: 1 },
      { type: 'spawn', generation: 2 },
    ]);
    expect(app.state.streak).toBe(0);
  });
});

describe('cron and watch', () => {
  const triggers = ['cron', 'watch'] as const;

  test.each(triggers)('%s restarts what runs, with its own word', (cause) => {
    const app = runningInstance();
    app.take({ type: 'restart', cause });
    app.exits({ signal: 'SIGINT' });
    expect(app.state.lastExit?.reason).toBe(cause);
    expect(app.state.counters.restarts[cause]).toBe(1);
  });

  test.each(triggers)('%s does not start what a person stopped, nor what is about to be', (cause) => {
    const app = runningInstance();
    app.take({ type: 'stop' });
    app.take({ type: 'restart', cause });
    app.exits({ signal: 'SIGINT' });
    expect(app.status).toBe('stopped');
    app.take({ type: 'restart', cause });
    expect(app.status).toBe('stopped');
  });

  test('autorestart false with cron_restart is a job: it runs, exits, and runs again at its time', () => {
    const app = runningInstance({ autorestart: false });
    app.exits({ code: 0 });
    expect(app.status).toBe('exited');
    app.take({ type: 'restart', cause: 'cron' });
    expect(app.effects).toEqual([{ type: 'spawn', generation: 2 }]);
    expect(app.state.counters.restarts.cron).toBe(1);
    app.spawned();
    app.exits({ code: 0 });
    expect(app.status).toBe('exited');
  });

  test('a trigger does not forgive: one more unstable death after max_restarts is the end again', () => {
    const app = runningInstance({ maxRestarts: 1 });
    app.exits({ code: 1 });
    app.take({ type: 'restart', cause: 'watch' });
    app.spawned();
    app.exits({ code: 1 });
    expect(app.status).toBe('fatal');
  });
});

describe('the memory limit', () => {
  test('restarts, also with autorestart false and whatever code it then exits with', () => {
    const app = runningInstance({ autorestart: false, stopExitCodes: [0] });
    app.pass(60_000);
    app.take({ type: 'memory_exceeded', generation: 1, rssBytes: 500_000_000 });
    expect(app.phase).toMatchObject({ status: 'stopping', cause: 'memory_limit', next: 'starting' });
    app.exits({ code: 0 });
    expect(app.state).toMatchObject({ generation: 2, lastExit: { reason: 'memory_limit', uptimeMs: 60_000 } });
    expect(app.state.counters.restarts.memory_limit).toBe(1);
  });

  test('stays the reason when the process had to be killed', () => {
    const app = runningInstance();
    app.take({ type: 'memory_exceeded', generation: 1, rssBytes: 500_000_000 });
    app.timerFires();
    app.exits({ signal: 'SIGKILL' });
    expect(app.state.lastExit).toMatchObject({ reason: 'memory_limit', signal: 'SIGKILL' });
  });

  test('passed again at once is backed off, but never given up', () => {
    const app = runningInstance({ maxRestarts: 2 });
    for (let deaths = 0; deaths < 4; deaths += 1) {
      app.take({ type: 'memory_exceeded', generation: app.state.generation, rssBytes: 500_000_000 });
      app.exits({ signal: 'SIGINT' });
      if (app.status === 'backoff') app.timerFires();
      app.spawned();
    }
    expect(app.state).toMatchObject({ phase: { status: 'running' }, generation: 5, lastDelayMs: 225 });
  });
});

describe('a policy that changes on the way', () => {
  test('treekill false while the rest of a tree is waited for: it is waited for no longer than kill_timeout', () => {
    const app = runningInstance();
    app.take({ type: 'stop' });
    app.exits({ code: 0 }, true);
    app.changePolicy({ treekill: false });
    app.timerFires();
    expect(app.status).toBe('stopped');
  });

  test('wait_ready that comes between spawn and its answer: the process was spawned to be ready at once', () => {
    const app = oneInstance();
    app.take({ type: 'start' });
    app.changePolicy({ waitReady: true });
    app.spawned();
    expect(app.status).toBe('running');
  });
});
