import { describe, expect, test } from 'vitest';
import { oneInstance, promotedInstance, runningInstance, surgingInstance } from './one-instance.ts';

describe('reload', () => {
  test('of what runs spawns a candidate beside it, with its time to become ready armed, and tells of it', () => {
    const app = runningInstance({ listenTimeoutMs: 3_000 });
    app.take({ type: 'reload', cause: 'watch' });
    expect(app.effects).toEqual([
      { type: 'spawn', generation: 2 },
      { type: 'arm', timerId: 1, delayMs: 3_000 },
    ]);
    expect(app.state).toMatchObject({ phase: { status: 'running', pid: 1_001 }, generation: 1, newest: 2 });
    expect(app.state.beside).toMatchObject({ role: 'candidate', generation: 2, cause: 'watch', readyAtMs: null });
    expect(app.state.counters.starts).toBe(2);
    const told = { beside: true, from: 'running', to: 'running', generation: 2, event: 'reload', cause: 'watch' };
    expect(app.transitions.at(-1)).toMatchObject(told);
  });

  test('while another is under way, or while it starts or stops, changes nothing', () => {
    const starting = oneInstance();
    starting.take({ type: 'start' });
    const stopping = runningInstance();
    stopping.take({ type: 'stop' });
    for (const app of [surgingInstance(), promotedInstance(), starting, stopping]) {
      const before = app.state;
      app.take({ type: 'reload', cause: 'requested' });
      expect(app.state).toBe(before);
      expect(app.effects).toEqual([]);
    }
  });

  test('of what is down starts it, as a restart does: for a person also what was stopped', () => {
    const stopped = oneInstance();
    stopped.take({ type: 'reload', cause: 'memory_limit' });
    expect(stopped.status).toBe('stopped');
    stopped.take({ type: 'reload', cause: 'requested' });
    expect(stopped.effects).toEqual([{ type: 'spawn', generation: 1 }]);
    const fatal = runningInstance({ maxRestarts: 0 });
    fatal.exits({ code: 1 });
    fatal.take({ type: 'reload', cause: 'watch' });
    expect(fatal.state).toMatchObject({ phase: { status: 'starting' }, generation: 2, restartsShown: 1 });
    const waiting = runningInstance({ restartDelayMs: 5_000 });
    waiting.exits({ code: 1 });
    waiting.take({ type: 'reload', cause: 'requested' });
    expect(waiting.effects).toEqual([
      { type: 'disarm', timerId: 1 },
      { type: 'spawn', generation: 2 },
    ]);
  });
});

describe('a candidate', () => {
  test('that is ready settles for min_uptime, at most 10 s', () => {
    for (const [minUptimeMs, settleMs] of [
      [1_000, 1_000],
      [60_000, 10_000],
    ] as const) {
      const app = surgingInstance({ minUptimeMs });
      app.beside.ready();
      expect(app.effects).toEqual([
        { type: 'disarm', timerId: 1 },
        { type: 'arm', timerId: 2, delayMs: settleMs },
      ]);
      expect(app.state).toMatchObject({ generation: 1, beside: { role: 'candidate', readyAtMs: 60_000 } });
    }
  });

  test('that settled is the main process: one restart with the cause, told with its time to ready', () => {
    const app = promotedInstance({}, 'cron');
    expect(app.phase).toEqual({ status: 'running', pid: 1_002, readyAtMs: 60_300 });
    expect(app.state).toMatchObject({ generation: 2, restartsShown: 1, createdAtMs: 0 });
    expect(app.state.counters).toMatchObject({ starts: 2, restarts: { cron: 1 } });
    const move = { beside: false, from: 'running', to: 'running', generation: 2, cause: 'cron', readyMs: 300 };
    expect(app.transitions.at(-1)).toMatchObject({ ...move, exit: null, event: 'timer' });
    expect(app.effects).toEqual([
      { type: 'drain', generation: 1 },
      { type: 'arm', timerId: 3, delayMs: 1_600 },
    ]);
    const leaving = { role: 'leaving', generation: 1, cause: 'cron', pid: 1_001, stage: 'draining', sinceMs: 0 };
    expect(app.state.beside).toMatchObject(leaving);
  });

  test.each([
    ['requested', 61_300],
    ['watch', 0],
  ] as const)('promoted (%s) forgets the deaths before; only a person begins the age anew', (cause, createdAtMs) => {
    const app = runningInstance();
    app.exits({ code: 1 });
    app.spawned();
    app.pass(60_300);
    app.take({ type: 'reload', cause });
    app.beside.spawned();
    app.beside.ready();
    expect(app.state).toMatchObject({ unstableRestarts: 1, streak: 1 });
    app.beside.timerFires();
    expect(app.state).toMatchObject({ unstableRestarts: 0, streak: 0, createdAtMs });
  });

  test('that is not ready in time is told to go, killed if it must be, and the main process stays as it is', () => {
    const app = surgingInstance();
    const { phase } = app.state;
    app.beside.timerFires();
    expect(app.effects).toEqual([
      { type: 'signal_tree', generation: 2 },
      { type: 'arm', timerId: 2, delayMs: 1_600 },
    ]);
    app.beside.timerFires();
    expect(app.effects[0]).toEqual({ type: 'kill_tree', generation: 2 });
    app.beside.exits({ signal: 'SIGKILL' });
    expect(app.state).toMatchObject({ phase, generation: 1, newest: 2, beside: null, restartsShown: 0, streak: 0 });
    expect(app.state.lastExit).toMatchObject({ generation: 2, reason: 'ready_timeout', signal: 'SIGKILL' });
    expect(app.transitions.at(-1)).toMatchObject({ beside: true, exit: { generation: 2 }, cause: 'ready_timeout' });
  });

  test.each([
    ['before it is ready', false],
    ['while it settles', true],
  ])('that dies %s is counted with its own reason, and the main process stays as it is', (_, ready) => {
    const app = surgingInstance();
    const { phase } = app.state;
    if (ready) app.beside.ready();
    app.pass(40);
    app.beside.exits({ code: 1, hint: 'uncaught' });
    expect(app.state).toMatchObject({ phase, generation: 1, beside: null, unstableRestarts: 0, streak: 0 });
    expect(app.state.counters.exits.uncaught).toBe(1);
    const exit = { generation: 2, reason: 'uncaught', code: 1, uptimeMs: 40 };
    expect(app.transitions.at(-1)).toMatchObject({ beside: true, from: 'running', to: 'running', exit });
    expect(app.effects).toEqual([{ type: 'disarm', timerId: ready ? 2 : 1 }]);
    app.exits({ code: 0 });
    expect(app.effects).toContainEqual({ type: 'spawn', generation: 3 });
  });

  test('that dies with its cluster host says so', () => {
    const app = surgingInstance();
    app.beside.exits({ signal: 'SIGKILL', hint: 'host_lost' });
    expect(app.state.lastExit?.reason).toBe('host_lost');
  });

  test('that cannot be spawned is gone, with the message', () => {
    const app = runningInstance();
    app.take({ type: 'reload', cause: 'requested' });
    app.take({ type: 'spawn_failed', generation: 2, message: 'node99: no such file', permanent: true });
    expect(app.state).toMatchObject({ phase: { status: 'running' }, generation: 1, beside: null });
    expect(app.transitions.at(-1)?.exit).toMatchObject({ reason: 'spawn_failed', message: 'node99: no such file' });
  });

  test('that leaves processes behind has them ended before it is forgotten', () => {
    const app = surgingInstance();
    app.beside.exits({ code: 1 }, true);
    expect(app.effects).toEqual([
      { type: 'disarm', timerId: 1 },
      { type: 'signal_tree', generation: 2 },
      { type: 'arm', timerId: 2, delayMs: 1_600 },
    ]);
    expect(app.state.beside).toMatchObject({ role: 'leaving', cause: null, rootGone: true });
    app.beside.treeGone();
    expect(app.state.beside).toBeNull();
    expect(app.effects).toEqual([{ type: 'disarm', timerId: 2 }]);
  });

  test('told to go before it was there is told again as soon as it is', () => {
    const app = runningInstance({ killTimeoutMs: 0 });
    app.take({ type: 'reload', cause: 'requested' });
    app.beside.timerFires();
    app.beside.timerFires();
    app.beside.spawned();
    expect(app.effects).toEqual([{ type: 'kill_tree', generation: 2 }]);
  });
});

describe('the old process', () => {
  test('is asked to go once it has drained, and its death is told beside the new one', () => {
    const app = promotedInstance();
    app.beside.drained();
    expect(app.effects).toEqual([
      { type: 'disarm', timerId: 3 },
      { type: 'signal_tree', generation: 1 },
      { type: 'arm', timerId: 4, delayMs: 1_600 },
    ]);
    app.pass(100);
    app.beside.exits({ signal: 'SIGINT' });
    expect(app.state).toMatchObject({ phase: { status: 'running' }, generation: 2, beside: null });
    const exit = { generation: 1, reason: 'requested', signal: 'SIGINT', uptimeMs: 61_400 };
    expect(app.transitions.at(-1)).toMatchObject({ beside: true, generation: 1, exit, cause: 'requested' });
    expect(app.state.counters).toMatchObject({ exits: { requested: 1 }, restarts: { requested: 1 } });
  });

  test.each([
    ['watch', 'kill_timeout'],
    ['memory_limit', 'memory_limit'],
  ] as const)('that neither drains nor goes is asked, then killed, again and again: %s, %s', (cause, reason) => {
    const app = promotedInstance({}, cause);
    const sent = [1, 2, 3].map(() => {
      app.beside.timerFires();
      return app.effects[0];
    });
    expect(sent.map((effect) => effect?.type)).toEqual(['signal_tree', 'kill_tree', 'kill_tree']);
    app.beside.exits({ signal: 'SIGKILL' });
    expect(app.state).toMatchObject({ lastExit: { generation: 1, reason }, beside: null });
  });

  test('that ends while it drains leaves its children to be asked', () => {
    const app = promotedInstance();
    app.beside.exits({ code: 0 }, true);
    expect(app.effects).toContainEqual({ type: 'signal_tree', generation: 1 });
    expect(app.state.beside).toMatchObject({ stage: 'asked', rootGone: true });
    app.beside.drained();
    expect(app.effects).toEqual([]);
    app.beside.treeGone();
    expect(app.state.beside).toBeNull();
  });

  test('goes on leaving while the new one dies and is started again', () => {
    const app = promotedInstance();
    const { beside } = app.state;
    app.exits({ code: 1 });
    expect(app.state).toMatchObject({ phase: { status: 'starting' }, generation: 3, newest: 3 });
    expect(app.effects).toEqual([{ type: 'spawn', generation: 3 }]);
    expect(app.state.beside).toBe(beside);
  });

  test('of a waiting back-off does not change what the next start answers', () => {
    const app = promotedInstance({ restartDelayMs: 5_000 });
    app.exits({ code: 1 });
    app.beside.exits({ code: 0 });
    expect(app.state.lastExit?.reason).toBe('requested');
    app.timerFires();
    expect(app.state.counters.restarts).toMatchObject({ requested: 1, error_code: 1 });
  });
});
