import * as fc from 'fast-check';
import type { ExitStatus } from '../../src/core/exit.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import type { Command } from '../../src/core/states.ts';
import { type Act, FACT_KINDS, type Fate, type History } from './history.ts';
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
  fc.constant({ code: null, signal: 'SIGKILL', hint: 'host_lost' as const }),
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
  drainMs: maybe(timesTo(4_000), 3),
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

const RELOADS: readonly Command[] = [
  { type: 'reload', cause: 'requested' },
  { type: 'reload', cause: 'cron' },
  { type: 'reload', cause: 'watch' },
  { type: 'reload', cause: 'memory_limit' },
];

const commands: fc.Arbitrary<Act> = fc
  .constantFrom<Command>(
    { type: 'start' },
    { type: 'start' },
    { type: 'stop' },
    { type: 'reset' },
    { type: 'restart', cause: 'requested' },
    { type: 'restart', cause: 'cron' },
    { type: 'restart', cause: 'watch' },
    ...RELOADS,
  )
  .map((command) => ({ type: 'command', command }));

const triggers = fc.constantFrom<Command>(
  { type: 'restart', cause: 'cron' },
  { type: 'restart', cause: 'watch' },
  { type: 'reload', cause: 'cron' },
  { type: 'reload', cause: 'memory_limit' },
);

const acts: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: commands, weight: 6 },
  { arbitrary: fc.constant<Act>({ type: 'memory' }), weight: 1 },
  { arbitrary: fc.constant<Act>({ type: 'crash' }), weight: 1 },
  { arbitrary: policies.map<Act>((policy) => ({ type: 'policy', policy })), weight: 1 },
  { arbitrary: fc.nat(5).map<Act>((back) => ({ type: 'echo', back })), weight: 2 },
  {
    arbitrary: fc
      .tuple(fc.constantFrom(...FACT_KINDS), fc.constantFrom(-1, 1, -2, 2))
      .map<Act>(([kind, off]) => ({ type: 'stale', kind, off })),
    weight: 2,
  },
);

const pauses = fc.oneof(
  { arbitrary: fc.constantFrom(0, 0, 1, 100), weight: 2 },
  { arbitrary: timesTo(31_000), weight: 1 },
);

/** How likely things are in a kind of history. */
interface Kind {
  readonly policy: fc.Arbitrary<PolicySpec>;
  readonly act: fc.Arbitrary<Act>;
  readonly fate: fc.Arbitrary<Fate>;
  readonly pause: fc.Arbitrary<number>;
  /** How many acts there are at least. */
  readonly fewest: number;
}

function historiesOf({ policy, act, fate, pause, fewest }: Kind): fc.Arbitrary<History> {
  return fc.record({
    policy,
    acts: fc
      .array(fc.record({ afterMs: pause, act }), { minLength: fewest, maxLength: 24 })
      .map((list) => [{ afterMs: 0, act: { type: 'command', command: { type: 'start' } } } as const, ...list]),
    fates: fc.array(fate, { minLength: 1, maxLength: 5 }),
    lagsMs: fc.array(mostly(0, 2, timesTo(3_000)), { minLength: 1, maxLength: 8 }),
    jitters: fc.array(
      fc.nat(100).map((percent) => percent / 100),
      { minLength: 1, maxLength: 3 },
    ),
    firesDisarmed: fc.boolean(),
    stopAfterMs: pause,
    triggers: fc.array(fc.record({ afterMs: pauses, command: triggers }), { maxLength: 3 }),
  });
}

/** Apps that live long enough to be reloaded, and are, again and again. */
const reloads = historiesOf({
  policy: fc.record({ policy: policies, minUptimeMs: timesTo(1_600) }).map(({ policy, ...rest }) => {
    return { ...policy, ...rest, waitReady: policy.waitReady && policy.autorestart };
  }),
  act: fc.oneof(
    { arbitrary: fc.constantFrom(...RELOADS).map<Act>((command) => ({ type: 'command', command })), weight: 14 },
    { arbitrary: acts, weight: 5 },
    { arbitrary: fc.constant<Act>({ type: 'command', command: { type: 'stop' } }), weight: 1 },
  ),
  fate: fc
    .record({
      fate: fates,
      spawn: mostly<Fate['spawn']>('ok', 9, fc.constantFrom('temporary', 'permanent')),
      lifeMs: mostly(null, 1, timesTo(12_000)),
      readyMs: mostly<number | null>(0, 2, maybe(timesTo(2_000), 5)),
      memoryMs: mostly(null, 9, timesTo(12_000)),
    })
    .map(({ fate, ...rest }) => ({ ...fate, ...rest })),
  pause: fc.oneof(fc.constantFrom(0, 1, 100), timesTo(4_000)),
  fewest: 6,
});

/** Everything that can happen to one instance, in any order and at any speed. */
export const histories: fc.Arbitrary<History> = fc.oneof(
  historiesOf({ policy: policies, act: acts, fate: fates, pause: pauses, fewest: 0 }),
  reloads,
);
