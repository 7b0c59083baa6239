import { expect, test } from 'vitest';
import { PM2_STATUSES, pm2StatusOf } from '../../src/core/pm2status.ts';
import { STATUSES } from '../../src/core/states.ts';

test.each([
  ['stopped', 'stopped'],
  ['starting', 'launching'],
  ['running', 'online'],
  ['backoff', 'waiting restart'],
  ['stopping', 'stopping'],
  ['exited', 'stopped'],
  ['fatal', 'errored'],
] as const)('%s is "%s" to PM2', (status, word) => {
  expect(pm2StatusOf(status)).toBe(word);
});

test('every status has a word of PM2, and every word is used', () => {
  expect(new Set(STATUSES.map(pm2StatusOf))).toEqual(new Set(PM2_STATUSES));
});
