import { expect, test } from 'vitest';
import { stableId } from '../../src/base/stable-id.ts';

test('an id of a text has the form of a UUID, stays, and differs for every instance of a fleet', () => {
  const texts = Array.from({ length: 300 }, (_, app) =>
    Array.from({ length: 64 }, (__, slot) => `["app-${app}",${slot}]`),
  ).flat();
  const ids = texts.map(stableId);
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(texts.length);
  // Each part alone is spread, too.
  for (const part of [0, 4])
    expect(new Set(ids.map((id) => id.split('-')[part])).size).toBeGreaterThan(texts.length * 0.999);
  expect(texts.map(stableId)).toEqual(ids);
});
