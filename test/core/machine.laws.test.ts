import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXIT_REASONS, type ExitReason } from '../../src/core/exit.ts';
import { LEGAL_MOVES, STATUSES } from '../../src/core/states.ts';
import { histories } from './any-history.ts';
import { published } from './law.ts';
import { LAWS_OF_POLICY } from './laws-of-policy.ts';
import { LAWS_OF_PROCESSES } from './laws-of-processes.ts';
import { LAWS_OF_RECORDS } from './laws-of-records.ts';
import { World } from './world.ts';

/** Times the laws: more than 10,000 histories in all. */
const HISTORIES_A_LAW = 800;

describe('in every history', () => {
  for (const law of [...LAWS_OF_PROCESSES, ...LAWS_OF_RECORDS, ...LAWS_OF_POLICY]) {
    test(law.says, () => {
      fc.assert(
        fc.property(histories, (history) => {
          new World(history, law.watch()).play();
        }),
        { numRuns: HISTORIES_A_LAW },
      );
    });
  }
});

test('the histories reach every legal move and every reason that a forked process can die of', () => {
  const moves = new Set<string>();
  const reasons = new Set<ExitReason>();
  for (const history of fc.sample(histories, { numRuns: HISTORIES_A_LAW, seed: 1 })) {
    const watcher = { onStep: () => {}, onRest: () => {} };
    for (const moment of new World(history, watcher).play().moments) {
      for (const { from, to } of published(moment)) moves.add(`${from} -> ${to}`);
      if (moment.after.lastExit !== null) reasons.add(moment.after.lastExit.reason);
    }
  }
  const legal = STATUSES.flatMap((from) => LEGAL_MOVES[from].map((to) => `${from} -> ${to}`));
  expect([...moves].toSorted()).toEqual(legal.toSorted());
  expect([...reasons].toSorted()).toEqual(EXIT_REASONS.filter((reason) => reason !== 'host_lost').toSorted());
});
