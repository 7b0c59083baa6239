import * as fc from 'fast-check';
import type { ExitStatus } from '../../src/core/exit.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import type { Act, Fate, History } from './history.ts';
import { DEFAULTS } from './policy.ts';

/** Times that meet each other and the limits of the policy on purpose, and some that do not. */
export function timesTo(mostMs: number): fc.Arbitrary<number> {
  const edges = [0, 1, 5, 99, 100, 999, 1_000, 1_001, 1_600, 3_000, 15_000, 29_999, 30_000, 30_001];
  const near = edges.filter((edge) => edge <= mostMs);
  return fc.oneof({ arbitrary: fc.constantFrom(...near), weight: 3 }, { arbitrary: fc.nat(mostMs), weight: 1 });
}

const exits: fc.Arbitrary<ExitStatus> = fc.oneof(
  fc.constantFrom(0, 1, 3, 137).map((code) => ({ code, signal: null, hint: null })),
  fc.constantFrom('SIGINT', 'SIGKILL', 'SIGABRT').map((signal) => ({ code: null, signal, hint: null })),
  fc.constant({ code: null, signal: null, hint: null }),
  fc.constant({ code: 1, signal: null, hint: 'uncaught' as const }),
  fc.constant({ code: null, signal: 'SIGABRT', hint: 'heap_oom' as const }),
  fc.constant({ code: null, signal: 'SIGKILL', hint: 'kernel_oom' as const }),
);

function mostly<T>(value: T, weight: number, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(value), weight }, { arbitrary: other, weight: 1 });
}

/** Null one time in `freq`. */
function maybe<T>(arbitrary: fc.Arbitrary<T>, freq: number): fc.Arbitrary<T | null> {
  return fc.option(arbitrary, { nil: null, freq: freq - 1 });
}

const fates: fc.Arbitrary<Fate> = fc.record({
  spawn: mostly<Fate['spawn']>('ok', 6, fc.constantFrom('temporary', 'permanent')),
  spawnMs: mostly(0, 1, timesTo(4_000)),
  lifeMs: maybe(timesTo(40_000), 4),
  exit: exits,
  leaveMs: maybe(timesTo(2_500), 3),
  killMs: mostly(0, 3, timesTo(5_000)),
  child: fc.option(fc.record({ leaveMs: maybe(timesTo(2_500), 2), endMs: maybe(timesTo(10_000), 2) }), { nil: null }),
  readyMs: maybe(timesTo(4_000), 4),
  memoryMs: fc.option(timesTo(40_000), { nil: null, freq: 1 }),
});

export const policies: fc.Arbitrary<PolicySpec> = fc.record({
  autostart: fc.constant(true),
  autorestart: mostly(true, 3, fc.constant(false)),
  maxRestarts: fc.constantFrom(0, 1, 2, 3, 16, 1_000_000),
  minUptimeMs: timesTo(30_000),
  restartDelayMs: mostly(0, 2, timesTo(20_000)),
  expBackoffRestartDelayMs: mostly(0, 2, timesTo(20_000)),
  stopExitCodes: fc.constantFrom([], [], [0], [3, 137]),
  killTimeoutMs: timesTo(3_000),
  killSignal: fc.constant(DEFAULTS.killSignal),
  treekill: mostly(true, 4, fc.constant(false)),
  shutdownWithMessage: fc.constant(false),
  waitReady: fc.boolean(),
  listenTimeoutMs: timesTo(5_000),
});

const commands: fc.Arbitrary<Act> = fc
  .constantFrom('start', 'start', 'stop', 'reset', 'requested', 'cron', 'watch')
  .map((word) => {
    const plain = word === 'start' || word === 'stop' || word === 'reset';
    return { type: 'command', command: plain ? { type: word } : { type: 'restart', cause: word } };
  });

const kinds = ['spawned', 'spawn_failed', 'ready', 'exited', 'tree_gone', 'memory_exceeded', 'timer'] as const;

const acts: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: commands, weight: 6 },
  { arbitrary: fc.constant<Act>({ type: 'memory' }), weight: 1 },
  { arbitrary: policies.map<Act>((policy) => ({ type: 'policy', policy })), weight: 1 },
  { arbitrary: fc.nat(5).map<Act>((back) => ({ type: 'echo', back })), weight: 2 },
  {
    arbitrary: fc
      .tuple(fc.constantFrom(...kinds), fc.constantFrom(-1, 1, -2, 2))
      .map<Act>(([kind, off]) => ({ type: 'stale', kind, off })),
    weight: 2,
  },
);

const pauses = fc.oneof(
  { arbitrary: fc.constantFrom(0, 0, 1, 100), weight: 2 },
  { arbitrary: timesTo(31_000), weight: 1 },
);

/** Everything that can happen to one instance, in any order and at any speed. */
export const histories: fc.Arbitrary<History> = fc.record({
  policy: policies,
  acts: fc
    .array(fc.record({ afterMs: pauses, act: acts }), { maxLength: 24 })
    .map((list) => [{ afterMs: 0, act: { type: 'command', command: { type: 'start' } } } as const, ...list]),
  fates: fc.array(fates, { minLength: 1, maxLength: 5 }),
  lagsMs: fc.array(mostly(0, 2, timesTo(3_000)), { minLength: 1, maxLength: 8 }),
  jitters: fc.array(
    fc.nat(100).map((percent) => percent / 100),
    { minLength: 1, maxLength: 3 },
  ),
  firesDisarmed: fc.boolean(),
  stopAfterMs: pauses,
  triggers: fc.array(fc.record({ afterMs: pauses, cause: fc.constantFrom('cron', 'watch') }), { maxLength: 3 }),
});
