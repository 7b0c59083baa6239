import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXIT_REASONS, type ExitReason } from '../../src/core/exit.ts';
import { LEGAL_MOVES, STATUSES } from '../../src/core/states.ts';
import { histories } from './any-history.ts';
import { deathIn, isOfBeside, isPromotion, isTakeover, published } from './law.ts';
import { LAWS_OF_POLICY } from './laws-of-policy.ts';
import { LAWS_OF_PROCESSES } from './laws-of-processes.ts';
import { LAWS_OF_RECORDS } from './laws-of-records.ts';
import { LAWS_OF_RELOAD } from './laws-of-reload.ts';
import { type Moment, World } from './world.ts';

/** Times the laws: more than 10,000 histories in all. */
const HISTORIES_A_LAW = 600;
/** Enough for the rarest move. */
const HISTORIES_TO_REACH = 3_000;
const TURNS_OF_RELOAD = [
  'surge',
  'promotion',
  'takeover: starting, alone',
  'takeover: starting, its rest is ended',
  'takeover: running, alone',
  'takeover: running, its rest is ended',
  'a spawn beside one that leaves',
  'candidate, stop',
  'candidate, restart',
  'candidate, memory_exceeded',
  'death of a candidate',
  'death while it settles',
  'death when draining',
  'death when asked',
  'death when killed',
];

describe('in every history', () => {
  for (const law of [...LAWS_OF_PROCESSES, ...LAWS_OF_RECORDS, ...LAWS_OF_POLICY, ...LAWS_OF_RELOAD]) {
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

/** What happens in a reload in this step, in a word. */
function turnOfReload(moment: Moment): string | null {
  const { before, after, event } = moment;
  const { beside } = before;
  if (beside === null) return after.beside?.role === 'candidate' ? 'surge' : null;
  if (isPromotion(moment)) return 'promotion';
  if (isTakeover(moment)) return `takeover: ${after.phase.status}, ${after.beside ? 'its rest is ended' : 'alone'}`;
  if (after.newest > before.newest) return 'a spawn beside one that leaves';
  if (!isOfBeside(moment)) return beside.role === 'candidate' && after.beside ? `candidate, ${event.type}` : null;
  if (deathIn(moment) === null) return null;
  if (beside.role === 'leaving') return `death when ${beside.stage}`;
  return beside.readyAtMs === null ? 'death of a candidate' : 'death while it settles';
}

test('the histories reach every legal move, every turn of a reload and every reason that a process can die of', () => {
  const moves = new Set<string>();
  const turns = new Set<string | null>();
  const reasons = new Set<ExitReason>();
  for (const history of fc.sample(histories, { numRuns: HISTORIES_TO_REACH, seed: 1 })) {
    const watcher = { onStep: () => {}, onRest: () => {} };
    for (const moment of new World(history, watcher).play().moments) {
      for (const { from, to } of published(moment)) moves.add(`${from} -> ${to}`);
      turns.add(turnOfReload(moment));
      if (moment.after.lastExit !== null) reasons.add(moment.after.lastExit.reason);
    }
  }
  const legal = STATUSES.flatMap((from) => LEGAL_MOVES[from].map((to) => `${from} -> ${to}`));
  expect([...moves].toSorted()).toEqual(legal.toSorted());
  expect([...reasons].toSorted()).toEqual([...EXIT_REASONS].toSorted());
  expect([...turns]).toEqual(expect.arrayContaining(TURNS_OF_RELOAD));
});
