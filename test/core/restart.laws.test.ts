import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delayAfter, LONGEST_DELAY_MS } from '../../src/core/restart.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import { policies, timesTo } from './any-history.ts';
import type { Fate, History } from './history.ts';
import { published } from './law.ts';
import { DEFAULTS } from './policy.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const LOOPS = { numRuns: 300 };

const IMMORTAL: Fate = {
  spawn: 'ok',
  spawnMs: 0,
  lifeMs: null,
  exit: { code: 1, signal: null, hint: null },
  leaveMs: 0,
  killMs: 0,
  child: null,
  readyMs: 0,
  memoryMs: null,
  drainMs: 0,
};

/** The ways in which a process ends after `lifeMs` without anybody having asked for it. */
function dying(way: 'exits' | 'swells' | 'leaves a child' | 'never spawns', lifeMs: number): Fate {
  switch (way) {
    case 'exits':
      return { ...IMMORTAL, lifeMs };
    case 'swells':
      return { ...IMMORTAL, memoryMs: lifeMs };
    case 'leaves a child':
      return { ...IMMORTAL, lifeMs, child: { leaveMs: null, endMs: null } };
    case 'never spawns':
      return { ...IMMORTAL, spawn: 'temporary', spawnMs: lifeMs };
    default:
      return way satisfies never;
  }
}

const ways = fc.constantFrom('exits', 'swells', 'leaves a child', 'never spawns');
const jitters = fc.array(
  fc.nat(100).map((percent) => percent / 100),
  { minLength: 1, maxLength: 3 },
);

interface Loop {
  readonly policy: PolicySpec;
  readonly fates: readonly Fate[];
  readonly jitters?: readonly number[];
  readonly forMs?: number;
}

interface Course {
  readonly startsAtMs: readonly number[];
  readonly transitions: readonly string[];
  readonly world: World;
}

/** Starts an app once, leaves it alone for some minutes, then stops it. */
function leaveAlone({ policy, fates, jitters = [0], forMs = 3 * MINUTE_MS }: Loop): Course {
  const start: History['acts'] = [{ afterMs: 0, act: { type: 'command', command: { type: 'start' } } }];
  const history: History = {
    policy,
    acts: start,
    fates,
    lagsMs: [0],
    jitters,
    firesDisarmed: false,
    stopAfterMs: forMs,
    triggers: [],
  };
  const world = new World(history, { onStep: () => {}, onRest: () => {} }).play();
  const alone = world.moments.filter(({ event }) => event.type !== 'stop');
  const startsAtMs = alone.flatMap(({ effects, nowMs }) =>
    effects.some(({ type }) => type === 'spawn') ? [nowMs] : [],
  );
  const transitions = world.moments.flatMap((moment) => published(moment).map(({ to }) => to));
  return { startsAtMs, transitions, world };
}

/** The most starts in any window of a minute, both ends counted. */
function busiestMinute(startsAtMs: readonly number[]): number {
  const inMinuteFrom = (fromMs: number) => {
    return startsAtMs.filter((atMs) => atMs >= fromMs && atMs <= fromMs + MINUTE_MS).length;
  };
  return Math.max(0, ...startsAtMs.map(inMinuteFrom));
}

/**
 * The bound. Between the start that follows death n of a streak and the one before it lie at least delay n, and the
 * delays never get shorter. So no window holds more starts than the one that opens with the first:
 * 1 + the largest m for which delay 1 + ... + delay m fits into the window.
 */
function mostStarts(policy: PolicySpec): number {
  let spentMs = 0;
  let starts = 0;
  // Without an end where the delays have none: far above every bound is far enough.
  while (spentMs <= MINUTE_MS && starts < 1_000) {
    starts += 1;
    spentMs += delayAfter(policy, starts, 0);
  }
  return starts;
}

/** A fixed restart_delay of one second, which is taken as it is, allows 0 s, 1 s, ... 60 s. Nothing allows more. */
const MOST_STARTS_A_MINUTE = 61;

describe('a crash loop is bounded', () => {
  test('whatever the policy, the life below 30 s and the way of dying', () => {
    const loops = fc.record({ policy: policies, way: ways, lifeMs: timesTo(29_999), jitters });
    fc.assert(
      fc.property(loops, ({ policy, way, lifeMs, jitters }) => {
        const { startsAtMs } = leaveAlone({ policy, fates: [dying(way, lifeMs)], jitters });
        const most = mostStarts(policy);
        expect(busiestMinute(startsAtMs)).toBeLessThanOrEqual(most);
        expect(most).toBeLessThanOrEqual(MOST_STARTS_A_MINUTE);
      }),
      LOOPS,
    );
  });

  test('to twice that where some lives are long enough to be forgiven', () => {
    // A life of 30 s begins a new streak, and at most one such life leaves room for short ones in a minute: two streaks.
    const loops = fc.record({
      policy: policies,
      fates: fc.array(fc.tuple(ways, timesTo(40_000)), { minLength: 1, maxLength: 8 }),
      jitters,
    });
    fc.assert(
      fc.property(loops, ({ policy, fates, jitters }) => {
        const { startsAtMs } = leaveAlone({ policy, fates: fates.map(([way, ms]) => dying(way, ms)), jitters });
        expect(busiestMinute(startsAtMs)).toBeLessThanOrEqual(2 * mostStarts(policy));
      }),
      LOOPS,
    );
  });

  test('by 16 starts in the first minute with the defaults, and for a process that never says ready too', () => {
    expect(mostStarts(DEFAULTS)).toBe(16);
    const patient = { ...DEFAULTS, maxRestarts: 1_000_000 };
    expect(busiestMinute(leaveAlone({ policy: patient, fates: [dying('exits', 0)] }).startsAtMs)).toBe(16);
    const mute = { ...patient, waitReady: true, listenTimeoutMs: 0 };
    const unready = { ...IMMORTAL, readyMs: null };
    expect(busiestMinute(leaveAlone({ policy: mute, fates: [unready] }).startsAtMs)).toBe(16);
  });

  test('to 4 starts a minute, with the defaults, for what crashes every 1.2 s for ever (PM2: 50)', () => {
    const { startsAtMs, transitions } = leaveAlone({
      policy: DEFAULTS,
      fates: [dying('exits', 1_200)],
      forMs: 5 * MINUTE_MS,
    });
    const startsInMinute = [0, 1, 2, 3, 4].map((minute) => {
      return startsAtMs.filter((atMs) => Math.floor(atMs / MINUTE_MS) === minute).length;
    });
    expect(startsInMinute).toEqual([15, 3, 4, 4, 4]);
    // It lives longer than min_uptime, so it is not given up, and it says what it waits for.
    expect(transitions).not.toContain('fatal');
    expect(transitions).toContain('backoff');
  });
});

test('max_restarts deaths in a row below min_uptime are the end, and the last is not followed by a restart', () => {
  const loops = fc.record({
    policy: fc.record({ maxRestarts: fc.nat(40), minUptimeMs: timesTo(30_000), waitReady: fc.boolean() }),
    share: fc.nat(99),
    way: fc.constantFrom('exits', 'leaves a child'),
    jitters,
  });
  fc.assert(
    fc.property(loops, ({ policy: changes, share, way, jitters }) => {
      const policy = { ...DEFAULTS, ...changes, minUptimeMs: changes.minUptimeMs + 1 };
      const lifeMs = Math.floor((policy.minUptimeMs * share) / 100);
      // Long enough for every death, also with the longest life and the longest delay.
      const forMs = 45 * (31_000 + 1.1 * LONGEST_DELAY_MS + DEFAULTS.killTimeoutMs);
      const { world, transitions } = leaveAlone({ policy, fates: [dying(way, lifeMs)], jitters, forMs });
      const deaths = Math.max(1, policy.maxRestarts);
      expect(world.state.counters.starts).toBe(deaths);
      expect(world.state.restartsShown).toBe(deaths - 1);
      expect(transitions.slice(-2)).toEqual(['fatal', 'stopped']);
    }),
    { numRuns: 300 },
  );
});

describe('the delay', () => {
  const streaks = fc.integer({ min: 1, max: 2_000 });

  test('is whole, never falls as deaths follow each other, and jitter adds at most a tenth', () => {
    fc.assert(
      fc.property(policies, streaks, fc.nat(100), (policy, streak, percent) => {
        const plainMs = delayAfter(policy, streak, 0);
        const spreadMs = delayAfter(policy, streak, percent / 100);
        expect(Number.isInteger(spreadMs)).toBe(true);
        expect(spreadMs).toBeGreaterThanOrEqual(plainMs);
        expect(spreadMs).toBeLessThanOrEqual(Math.ceil(plainMs * 1.1));
        expect(delayAfter(policy, streak + 1, 0)).toBeGreaterThanOrEqual(plainMs);
      }),
    );
  });

  test('grows to 15 s, or stays where the user set it higher, or at a fixed delay of a second or more', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const { expBackoffRestartDelayMs: firstMs, restartDelayMs: fixedMs } = policy;
        const grown = Math.max(LONGEST_DELAY_MS, firstMs > 0 ? firstMs : fixedMs);
        const expected = firstMs === 0 && fixedMs >= 1_000 ? fixedMs : grown;
        expect(delayAfter(policy, 100, 0)).toBe(expected);
      }),
    );
  });
});
