import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRunMarks, createRunReader, exitId, type Run } from '../../src/logs/runs.ts';
import { listSegments } from '../../src/logs/segments.ts';
import { createLogReader } from '../../src/logs/ship/reader.ts';
import { logsBench, runOn, testFolder } from '../support/instance-logs.ts';
import { rolling } from '../support/roll.ts';

const run = (generation: number, id = 3): Run => ({ id, generation, createdAtMs: 1_700_000_000_000 });

/** Who wrote each line, by what the shipper reads of the log. */
async function writers(live: string): Promise<readonly (readonly [string, string | null])[]> {
  const reader = createLogReader({ live, position: { seq: 0, offset: 0 }, spreadNs: 0n, onGap: () => {} });
  const found: (readonly [string, string | null])[] = [];
  while (await reader.fill()) {
    do {
      const line = reader.line();
      if (line === null) break;
      const text = line.bytes.toString('latin1', line.start, line.end);
      found.push([text, line.run === null ? null : exitId(line.run)]);
    } while (reader.next());
  }
  await reader.close();
  return found;
}

describe('which process wrote which lines', () => {
  test('is told line by line, over deaths and rolls', async () => {
    const bench = logsBench();
    const logs = await bench.open({ roll: rolling({ maxSizeBytes: 300 }) });
    // Each process has a generation of its own.
    for (const name of ['a', 'b', 'c']) await runOn(logs, `seq -f '${name} %04g' 1 40`);
    const live = path.join(bench.folder, 'out.log');
    expect(listSegments(live).length).toBeGreaterThan(2);
    const found = await writers(live);
    expect(found).toHaveLength(120);
    const ids = new Map(['a', 'b', 'c'].map((name, at) => [name, `0-${at + 1}-1700000000000`]));
    expect(found.map(([text, id]) => [text, id])).toEqual(found.map(([text]) => [text, ids.get(text.slice(0, 1))]));
  });

  test('is not told of a file that instances share', async () => {
    const bench = logsBench();
    const first = await bench.open({ merge: true });
    await runOn(first, 'echo mine');
    await runOn(await bench.open({ merge: true }), 'echo yours');
    await runOn(first, 'echo mine again');
    expect((await writers(path.join(bench.folder, 'out.log'))).slice(1)).toEqual([
      ['yours', null],
      ['mine again', null],
    ]);
  });

  test('is what was noted last at or before a line, for any marks', () => {
    const step = fc.record({ file: fc.nat(1), bytes: fc.nat(50), generation: fc.nat(3) });
    const law = fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const live = path.join(testFolder(), 'out.log');
      const marks = createRunMarks(live);
      const lines: { readonly seq: number; readonly offset: number; readonly by: Run | null }[] = [];
      let place = { seq: 1, offset: 0 };
      for (const { file, bytes, generation } of steps) {
        if (file === 1) {
          place = { seq: place.seq + 1, offset: 0 };
          marks.begin();
        }
        const by = generation === 0 ? null : run(generation);
        marks.note(place, by);
        lines.push({ ...place, by });
        place = { ...place, offset: place.offset + bytes + 1 };
      }
      const reader = createRunReader(live);
      reader.refresh();
      for (const { seq, offset, by } of lines) expect(reader.at(seq, offset)).toEqual(by);
    });
    fc.assert(law, { numRuns: 100 });
  });

  test('costs little room: the older half goes, and a torn entry is no reason to stop', () => {
    const live = path.join(testFolder(), 'out.log');
    const file = `${live}.d/runs`;
    const marks = createRunMarks(live);
    for (let generation = 1; generation <= 5000; generation++) {
      marks.note({ seq: 1, offset: generation }, run(generation));
      if (generation === 100) appendFileSync(file, 'torn');
    }
    expect(statSync(file).size).toBeLessThanOrEqual(64 * 1024);
    const reader = createRunReader(live);
    reader.refresh();
    expect(reader.at(1, 5000)).toEqual(run(5000));
    expect(reader.at(2, 0)).toEqual(run(5000));
  });

  test('a folder that cannot be there costs names only', async () => {
    const bench = logsBench();
    const live = path.join(bench.folder, 'out.log');
    writeFileSync(`${live}.d`, 'in the way');
    await runOn(await bench.open(), 'echo here');
    expect(await writers(live)).toEqual([['here', null]]);
  });
});
