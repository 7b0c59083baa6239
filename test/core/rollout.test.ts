import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { begin, finished, isAborted, isOver, newRollout, type Rollout } from '../../src/core/rollout.ts';

const plans = fc.record({
  ids: fc.array(fc.nat(12), { maxLength: 12 }),
  parallel: fc.integer({ min: -1, max: 6 }),
  /** Which of those under way ends next, how, and whether as many as may are begun after it. */
  ends: fc.array(fc.record({ pick: fc.nat(20), ok: fc.boolean(), begins: fc.boolean() }), { maxLength: 20 }),
});

describe('any rollout', () => {
  test('never has more under way than it may, begins each once, none after a failure, and knows when it is over', () => {
    fc.assert(
      fc.property(plans, ({ ids, parallel, ends }) => {
        const begun: number[] = [];
        let rollout = newRollout(ids, parallel);
        const beginMore = () => {
          const aborted = isAborted(rollout);
          const result = begin(rollout);
          rollout = result.rollout;
          expect(aborted && result.ids.length > 0).toBe(false);
          begun.push(...result.ids);
          expect(rollout.underWay.length).toBeLessThanOrEqual(Math.max(1, parallel));
          const full = rollout.underWay.length === Math.max(1, parallel);
          expect(aborted || full || rollout.waiting.length === 0).toBe(true);
        };
        beginMore();
        for (const { pick, ok, begins } of ends) {
          const id = rollout.underWay[pick % Math.max(1, rollout.underWay.length)] ?? -1;
          rollout = finished(rollout, id, ok ? { ok } : { ok, message: `${id} failed` });
          if (begins) beginMore();
          expect(new Set(begun).size).toBe(begun.length);
          const { waiting, underWay, done, failed } = rollout;
          const all = [...waiting, ...underWay, ...done, ...failed.map((failure) => failure.id)];
          expect(all.toSorted()).toEqual([...new Set(ids)].toSorted());
          const idle = underWay.length === 0;
          expect(isOver(rollout)).toBe(idle && (isAborted(rollout) || done.length === new Set(ids).size));
        }
      }),
    );
  });

  test('comes to its end when each that begins ends', () => {
    fc.assert(
      fc.property(plans, ({ ids, parallel }) => {
        let rollout = newRollout(ids, parallel);
        while (!isOver(rollout)) {
          const result = begin(rollout);
          rollout = result.ids.reduce<Rollout>((sofar, id) => finished(sofar, id, { ok: true }), result.rollout);
        }
        expect(rollout.done).toEqual([...new Set(ids)]);
      }),
    );
  });
});

test('the first failure aborts: what is under way finishes, the rest stays as it was', () => {
  const { rollout, ids } = begin(newRollout([0, 1, 2, 3], 2));
  expect(ids).toEqual([0, 1]);
  const failed = finished(rollout, 1, { ok: false, message: 'exited with code 1' });
  expect(begin(failed).ids).toEqual([]);
  expect(isOver(failed)).toBe(false);
  const over = finished(failed, 0, { ok: true });
  expect(isOver(over)).toBe(true);
  expect(over).toMatchObject({ done: [0], waiting: [2, 3], failed: [{ id: 1, message: 'exited with code 1' }] });
});

test('an end of what is not under way changes nothing', () => {
  const rollout = newRollout([0, 1], 1);
  expect(finished(rollout, 0, { ok: true })).toBe(rollout);
});

test('nothing to reload is over at once', () => {
  expect(isOver(newRollout([], 1))).toBe(true);
});
