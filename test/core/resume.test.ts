import { describe, expect, test } from 'vitest';
import { newInstance, step } from '../../src/core/machine.ts';
import { afterReboot, catchUp, isWanted } from '../../src/core/resume.ts';
import type { InstanceEvent, InstanceState } from '../../src/core/states.ts';
import { DEFAULTS } from './policy.ts';

const policy = { ...DEFAULTS, listenTimeoutMs: 3_000, killTimeoutMs: 1_600 };

function play(events: readonly InstanceEvent[], state = newInstance(0), of = policy): InstanceState {
  return events.reduce((before, event) => step(before, event, of, { nowMs: 100, jitter: 0 }).state, state);
}

const started: readonly InstanceEvent[] = [{ type: 'start' }, { type: 'spawned', generation: 1, pid: 11 }];
const crashed: InstanceEvent = {
  type: 'exited',
  generation: 1,
  exit: { code: 1, signal: null, hint: null },
  leftovers: false,
};

function resumed(state: InstanceState, nowMs: number, of = policy) {
  return step(JSON.parse(JSON.stringify(state)), { type: 'resume' }, of, { nowMs, jitter: 0 });
}

describe('a later daemon goes on', () => {
  test('with what runs, as it is', () => {
    const running = play(started);
    expect(resumed(running, 900)).toEqual({ state: running, effects: [] });
  });

  test('with a back-off, for the time that is left of it', () => {
    const backoff = play([...started, crashed], undefined, { ...policy, restartDelayMs: 5_000 });
    expect(backoff.phase).toMatchObject({ status: 'backoff', untilMs: 5_100 });
    const { state, effects } = resumed(backoff, 4_000);
    expect(effects).toContainEqual({ type: 'arm', timerId: state.timerSeq, delayMs: 1_100 });
    expect(
      step(state, { type: 'timer', timerId: state.timerSeq }, policy, { nowMs: 5_100, jitter: 0 }).state.phase.status,
    ).toBe('starting');
  });

  test('with a back-off that is over, at once', () => {
    const backoff = play([...started, crashed], undefined, { ...policy, restartDelayMs: 5_000 });
    expect(resumed(backoff, 60_000).effects).toContainEqual(expect.objectContaining({ type: 'arm', delayMs: 0 }));
  });

  test('with a stop: the signal is sent again, and there is a time limit again', () => {
    const stopping = play([...started, { type: 'stop' }]);
    const { state, effects } = resumed(stopping, 5_000);
    expect(effects).toContainEqual({ type: 'signal_tree', generation: 1 });
    expect(effects).toContainEqual({ type: 'arm', timerId: state.timerSeq, delayMs: 1_600 });
  });

  test('with the wait for ready', () => {
    const waits = { ...policy, waitReady: true };
    const starting = play(started, undefined, waits);
    expect(resumed(starting, 1_100, waits).effects).toContainEqual(
      expect.objectContaining({ type: 'arm', delayMs: 2_000 }),
    );
  });
});

test('a process that was spawned after the state was saved is taken as the main one, and counted', () => {
  const state = catchUp(play(started), { generation: 3, pid: 33, sinceMs: 50 });
  expect(state).toMatchObject({ generation: 3, newest: 3, phase: { status: 'running', pid: 33, readyAtMs: 50 } });
  expect(state.counters).toMatchObject({ starts: 3, exits: { unknown: 1 }, restarts: { unknown: 1 } });
  expect(state.restartsShown).toBe(1);
});

test('a stopped instance that was started just before is only started', () => {
  const state = catchUp(newInstance(0), { generation: 1, pid: 11, sinceMs: 0 });
  expect(state.counters).toMatchObject({ starts: 1, exits: { unknown: 0 }, restarts: { unknown: 0 } });
});

test('after a reboot nothing runs, the numbers stay, and a start goes on with them', () => {
  const state = afterReboot(play([...started, crashed]), 7);
  expect(state).toMatchObject({ phase: { status: 'stopped' }, streak: 0, counters: { exits: { error_code: 1 } } });
  expect(play([{ type: 'start' }], state).newest).toBe(state.newest + 1);
});

test('wanted is what nobody stopped', () => {
  expect(isWanted(newInstance(0))).toBe(false);
  expect(isWanted(play(started))).toBe(true);
  expect(isWanted(play([...started, { type: 'stop' }]))).toBe(false);
  expect(isWanted(play([...started, { type: 'restart', cause: 'requested' }]))).toBe(true);
  expect(isWanted(play([...started, crashed]))).toBe(true);
});
