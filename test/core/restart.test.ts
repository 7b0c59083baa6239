import { describe, expect, test } from 'vitest';
import { delayAfter, judge } from '../../src/core/restart.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import { DEFAULTS } from './policy.ts';

function delaysMs(changes: Partial<PolicySpec>, deaths: number, jitter = 0): number[] {
  return Array.from({ length: deaths }, (_, index) => delayAfter({ ...DEFAULTS, ...changes }, index + 1, jitter));
}

describe('delay before the start that follows the n-th death in a row', () => {
  test('exp_backoff_restart_delay 100 grows as in PM2', () => {
    const row = [100, 150, 225, 337, 505, 757, 1_135, 1_702, 2_553, 3_829];
    expect(delaysMs({ expBackoffRestartDelayMs: 100 }, 10)).toEqual(row);
  });

  test('exp_backoff_restart_delay ends at 15 s, or where it begins when that is later', () => {
    expect(delaysMs({ expBackoffRestartDelayMs: 9_000 }, 4)).toEqual([9_000, 13_500, 15_000, 15_000]);
    expect(delaysMs({ expBackoffRestartDelayMs: 20_000 }, 3)).toEqual([20_000, 20_000, 20_000]);
  });

  test('exp_backoff_restart_delay 1 grows too (PM2 stays at 1 for ever: half of it is always rounded away)', () => {
    expect(delaysMs({ expBackoffRestartDelayMs: 1 }, 7)).toEqual([1, 2, 3, 4, 6, 9, 13]);
  });

  test('with no key at all the first restart is at once, the following are backed off (PM2: at once for ever)', () => {
    const row = [0, 100, 150, 225, 337, 505, 757, 1_135, 1_702, 2_553, 3_829, 5_743, 8_614, 12_921, 15_000, 15_000];
    expect(delaysMs({}, 16)).toEqual(row);
  });

  test('restart_delay of a second or more is taken as it is', () => {
    expect(delaysMs({ restartDelayMs: 1_000 }, 4, 1)).toEqual([1_000, 1_000, 1_000, 1_000]);
  });

  test('a shorter restart_delay holds until the protective back-off is longer', () => {
    expect(delaysMs({ restartDelayMs: 200 }, 6)).toEqual([200, 200, 200, 225, 337, 505]);
  });

  test('exp_backoff_restart_delay goes before restart_delay', () => {
    expect(delaysMs({ restartDelayMs: 5_000, expBackoffRestartDelayMs: 100 }, 3)).toEqual([100, 150, 225]);
  });

  test('jitter adds up to a tenth', () => {
    expect(delaysMs({ expBackoffRestartDelayMs: 100 }, 3, 1)).toEqual([110, 165, 248]);
    expect(delaysMs({ expBackoffRestartDelayMs: 100 }, 3, 0.5)).toEqual([105, 158, 236]);
  });
});

describe('what follows a death', () => {
  const fresh = { unstableRestarts: 0, streak: 0 };
  const worn = { unstableRestarts: 15, streak: 15 };
  const young = { readyForMs: 999, code: 1, wanted: false };

  test('the first death of a default app is followed by a start at once', () => {
    expect(judge(DEFAULTS, young, fresh, 0)).toEqual({ next: 'starting', delayMs: 0, unstableRestarts: 1, streak: 1 });
  });

  test('the sixteenth unstable death in a row is the end', () => {
    expect(judge(DEFAULTS, young, worn, 0)).toMatchObject({ next: 'fatal', unstableRestarts: 16 });
  });

  test('a life of min_uptime forgets the unstable ones, yet not the streak that drives the back-off', () => {
    const verdict = judge(DEFAULTS, { ...young, readyForMs: 1_000 }, worn, 0);
    expect(verdict).toEqual({ next: 'backoff', delayMs: 15_000, unstableRestarts: 0, streak: 16 });
  });

  test('a life of 30 s forgets the streak too', () => {
    expect(judge(DEFAULTS, { ...young, readyForMs: 29_999 }, worn, 0)).toMatchObject({ next: 'backoff', streak: 16 });
    const verdict = judge(DEFAULTS, { ...young, readyForMs: 30_000 }, worn, 0);
    expect(verdict).toEqual({ next: 'starting', delayMs: 0, unstableRestarts: 0, streak: 1 });
  });

  test('a stop code or autorestart false leaves it exited', () => {
    expect(judge({ ...DEFAULTS, stopExitCodes: [0, 3] }, { ...young, code: 3 }, worn, 0).next).toBe('exited');
    expect(judge({ ...DEFAULTS, stopExitCodes: [0, 3] }, { ...young, code: 1 }, fresh, 0).next).toBe('starting');
    expect(judge({ ...DEFAULTS, autorestart: false }, young, fresh, 0).next).toBe('exited');
  });

  test('a death by signal has no code, so stop code 0 does not take it for a clean end (PM2 does)', () => {
    expect(judge({ ...DEFAULTS, stopExitCodes: [0] }, { ...young, code: null }, fresh, 0).next).toBe('starting');
  });

  test('what the memory limit ended is started again in spite of autorestart, stop codes and max_restarts', () => {
    const wanted = { readyForMs: 0, code: null, wanted: true };
    expect(judge({ ...DEFAULTS, autorestart: false }, wanted, worn, 0).next).toBe('backoff');
  });

  test('max_restarts 0 gives up at the first death', () => {
    expect(judge({ ...DEFAULTS, maxRestarts: 0 }, young, fresh, 0).next).toBe('fatal');
  });
});
