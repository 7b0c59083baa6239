import { expect, test } from 'vitest';
import type { Progress } from '../../src/api/contract.ts';
import { newInstance } from '../../src/core/machine.ts';
import type { Instance } from '../../src/daemon/instance.ts';
import { runAll } from '../../src/daemon/operations.ts';
import { plainSpec } from '../support/fleet-source.ts';

/** As much of an instance as a report tells. */
function instanceOf(id: number): Instance {
  const told = {
    id,
    slot: id,
    spec: plainSpec({ name: 'app' }),
    state: newInstance(0),
    process: null,
    logs: { lastLines: () => [] },
  };
  return told as unknown as Instance; // the operation of this test looks at nothing else
}

test.each([
  [undefined, 5],
  [1, 1],
  [2, 2],
  [9, 5],
])('with parallel %s at most %s of five are at work at once, and all are told', async (parallel, most) => {
  let working = 0;
  let highest = 0;
  const begun: number[] = [];
  const told: Progress[] = [];
  const operation = async ({ id }: Instance) => {
    begun.push(id);
    highest = Math.max(highest, ++working);
    await new Promise((resolve) => setImmediate(resolve));
    working--;
    return { ok: id !== 3, message: null };
  };
  await runAll([0, 1, 2, 3, 4].map(instanceOf), operation, (progress) => told.push(progress), parallel);
  expect([highest, begun]).toEqual([most, [0, 1, 2, 3, 4]]);
  expect(told).toMatchObject([{ type: 'begin', total: 5 }, {}, {}, {}, {}, {}, { type: 'end', ok: false, failed: 1 }]);
});
