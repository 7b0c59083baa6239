import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_INSTANCES, planScale, type Slot } from '../../src/core/scale.ts';

/** Slot 2 came back with a higher id after it was removed once. */
const FOUR: readonly Slot[] = [
  { id: 3, slot: 0 },
  { id: 4, slot: 1 },
  { id: 9, slot: 2 },
  { id: 6, slot: 3 },
];

test.each([
  ['6', { add: 2 }],
  ['+3', { add: 3 }],
  ['3', { remove: [6] }],
  ['1', { remove: [6, 9, 4] }],
  ['-2', { remove: [6, 9] }],
  ['4', { nothing: true }],
  ['+0', { nothing: true }],
  ['1000', { add: 996 }],
])('scale %s of four', (text, plan) => {
  expect(planScale(text, FOUR)).toEqual(plan);
});

test.each([
  ['0', 'instances: expected at least 1 to remain, got "0"'],
  ['-4', 'instances: expected at least 1 to remain, got "-4" with 4 there'],
  ['-9', 'instances: expected at least 1 to remain, got "-9" with 4 there'],
  ['1001', 'instances: expected at most 1000, got "1001"'],
  ['+997', 'instances: expected at most 1000, got "+997" with 4 there'],
  ['two', 'instances: expected N, +N or -N with a whole number N, got "two"'],
  ['1.5', 'instances: expected N, +N or -N with a whole number N, got "1.5"'],
  ['', 'instances: expected N, +N or -N with a whole number N, got ""'],
  ['--1', 'instances: expected N, +N or -N with a whole number N, got "--1"'],
])('scale %s of four is refused, and the words say why', (text, error) => {
  expect(planScale(text, FOUR)).toEqual({ error });
});

test('any scale leaves 1 to 1000 instances, removes the highest slots, or says what is wrong', () => {
  const slots = fc
    .uniqueArray(fc.nat(2_000), { minLength: 1, maxLength: 20 })
    .map((ids) => ids.map((id, slot) => ({ id, slot })));
  const texts = fc.tuple(fc.constantFrom('', '+', '-'), fc.nat(1_100)).map(([sign, count]) => `${sign}${count}`);
  fc.assert(
    fc.property(slots, texts, (present, text) => {
      const plan = planScale(text, present);
      if ('error' in plan) {
        expect(plan.error).toContain(`"${text}"`);
        return;
      }
      const removed = 'remove' in plan ? plan.remove : [];
      const after = present.length - removed.length + ('add' in plan ? plan.add : 0);
      const count = Number(text.replace(/\D/, ''));
      const byText = { '+': present.length + count, '-': present.length - count }[text.charAt(0)] ?? count;
      expect(after).toBe(byText);
      expect(after).toBeGreaterThanOrEqual(1);
      expect(after).toBeLessThanOrEqual(MOST_INSTANCES);
      const kept = present.filter(({ id }) => !removed.includes(id)).map(({ slot }) => slot);
      expect(kept).toEqual(kept.map((_, slot) => slot));
    }),
  );
});
