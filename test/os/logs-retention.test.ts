import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LogOnDisk, planRetention } from '../../src/logs/retention.ts';
import { NO_ROLLING, type RollRules } from '../../src/logs/rules.ts';
import type { Segment } from '../../src/logs/segments.ts';

const NOW = 1_000_000;

function segment(seq: number, bytes: number, mtimeMs: number): Segment {
  return { seq, path: `/${seq}.log`, kind: 'plain', bytes, indexPath: `/${seq}.idx`, mtimeMs };
}

function logOf(
  live: string,
  rules: Partial<RollRules>,
  rolled: readonly Segment[],
  app: string | null = 'a',
): LogOnDisk {
  return { live, app, rules: { ...NO_ROLLING, retain: 100, ...rules }, liveBytes: 10, rolled };
}

function plan(logs: readonly LogOnDisk[], maxTotalBytes = 0, unshipped: readonly number[] = []) {
  const mayDelete = (_live: string, seq: number) => !unshipped.includes(seq);
  return planRetention({ logs, maxTotalBytes, nowMs: NOW, mayDelete }).map((doomed) => {
    return `${doomed.live}${doomed.segment.seq} ${doomed.why}${doomed.isForced ? ' forced' : ''}`;
  });
}

const FOUR = [1, 2, 3, 4].map((seq) => segment(seq, 100, seq * 1000));

describe('what is deleted', () => {
  test('nothing within the limits', () => {
    expect(plan([logOf('o', {}, FOUR)])).toEqual([]);
    expect(plan([logOf('o', { retain: 4, maxAgeMs: NOW, maxTotalBytes: 410 }, FOUR)], 410)).toEqual([]);
  });

  test('the oldest above the count; with 0 all', () => {
    expect(plan([logOf('o', { retain: 3 }, FOUR)])).toEqual(['o1 retain']);
    expect(plan([logOf('o', { retain: 0 }, FOUR)])).toEqual(['o1 retain', 'o2 retain', 'o3 retain', 'o4 retain']);
  });

  test('what is too old', () => {
    expect(plan([logOf('o', { maxAgeMs: NOW - 2500 }, FOUR)])).toEqual(['o1 max_age', 'o2 max_age']);
  });

  test('the oldest of an app over its streams, until it keeps to its total', () => {
    const error = logOf('e', { maxTotalBytes: 420 }, [segment(1, 100, 1500)]);
    expect(plan([logOf('o', { maxTotalBytes: 420 }, FOUR), error])).toEqual(['o1 max_total']);
    expect(plan([logOf('o', { maxTotalBytes: 320 }, FOUR), logOf('e', {}, [segment(1, 100, 1500)])])).toEqual([
      'o1 max_total',
      'e1 max_total',
    ]);
  });

  test('the oldest of all apps, and of those that are gone', () => {
    const other = logOf('x', {}, [segment(9, 500, 1)], 'b');
    const gone = logOf('g', {}, [segment(5, 50, 500)], null);
    expect(plan([logOf('o', {}, FOUR), other, gone], 450)).toEqual(['x9 max_total', 'g5 max_total']);
  });

  test('what is not shipped is spared by the count, and goes last by a total, and with its age', () => {
    expect(plan([logOf('o', { retain: 1 }, FOUR)], 0, [1, 2])).toEqual(['o3 retain']);
    expect(plan([logOf('o', {}, FOUR)], 310, [1])).toEqual(['o2 max_total']);
    expect(plan([logOf('o', {}, FOUR)], 110, [1, 2])).toEqual(['o3 max_total', 'o4 max_total', 'o1 max_total forced']);
    expect(plan([logOf('o', { maxAgeMs: NOW - 1500 }, FOUR)], 0, [1])).toEqual(['o1 max_age forced']);
  });
});

test('whatever there is: each file at most once, totals are kept where files are left, newest stay', () => {
  const rolled = fc
    .array(fc.record({ bytes: fc.nat(1000), ageMs: fc.nat(NOW) }), { maxLength: 12 })
    .map((files) => files.map(({ bytes, ageMs }, at) => segment(at + 1, bytes, NOW - ageMs)));
  const rules = fc.record({ retain: fc.nat(10), maxAgeMs: fc.nat(NOW), maxTotalBytes: fc.nat(5000) });
  const log = fc.record({ rules, rolled, app: fc.constantFrom('a', 'b', null) });
  const law = fc.property(fc.array(log, { maxLength: 5 }), fc.nat(10_000), fc.nat(2), (found, total, third) => {
    const logs = found.map((one, at) => logOf(`l${at}`, one.rules, one.rolled, one.app));
    const mayDelete = (_live: string, seq: number) => seq % 3 !== third;
    const doomed = planRetention({ logs, maxTotalBytes: total, nowMs: NOW, mayDelete });
    expect(new Set(doomed.map(({ live, segment: { seq } }) => `${live} ${seq}`)).size).toBe(doomed.length);
    const gone = (live: string, seq: number) => doomed.some((one) => one.live === live && one.segment.seq === seq);
    let bytes = 0;
    let files = 0;
    for (const { live, liveBytes, rolled: all, rules: its } of logs) {
      const left = all.filter(({ seq }) => !gone(live, seq));
      bytes += liveBytes + left.reduce((sum, one) => sum + one.bytes, 0);
      files += left.length;
      expect(left.filter(({ seq }) => mayDelete(live, seq)).length).toBeLessThanOrEqual(its.retain);
      if (its.maxAgeMs > 0) for (const one of left) expect(one.mtimeMs).toBeGreaterThanOrEqual(NOW - its.maxAgeMs);
    }
    if (total > 0 && files > 0) expect(bytes).toBeLessThanOrEqual(total);
    for (const one of doomed) {
      expect(one.isForced).toBe(!mayDelete(one.live, one.segment.seq));
      if (one.why === 'retain') expect(one.isForced).toBe(false);
    }
  });
  fc.assert(law, { numRuns: 300 });
});
