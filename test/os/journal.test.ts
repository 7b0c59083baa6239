import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { previousJournal, readJournal } from '../../src/api/journal.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createJournalFile, type JournalFile } from '../../src/daemon/journal/journal-file.ts';

interface Opened {
  readonly file: string;
  readonly journal: JournalFile;
  /** What was complained of. */
  readonly problems: string[];
  put(...seqs: number[]): void;
  seqs(): number[];
}

function open(maxBytes: number, given?: string): Opened {
  const folder = given ?? mkdtempSync(path.join(tmpdir(), 'pmv-journal-'));
  if (given === undefined) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'journal.jsonl');
  const problems: string[] = [];
  const line = (seq: number, more: object) => JSON.stringify({ seq, atMs: seq, type: 'removed', ...more });
  const journal = createJournalFile({
    file,
    clock: systemClock,
    maxBytes,
    head: () => [line(-1, { head: true })],
    onDropped: (count) => JSON.stringify({ seq: -2, atMs: 0, type: 'dropped', count }),
    onProblem: (problem) => problems.push(problem),
  });
  const put = (...seqs: number[]) => {
    for (const seq of seqs) journal.append(line(seq, { app: 'x'.repeat(seq % 50) }));
  };
  return { file, journal, problems, put, seqs: () => readJournal(file).map(({ seq }) => seq) };
}

describe('the journal', () => {
  test('keeps every record in order while it is small, whatever comes between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat({ max: 999 }), { maxLength: 20 }), { maxLength: 6 }),
        async (batches) => {
          const { journal, put, seqs } = open(1_000_000);
          for (const batch of batches) {
            put(...batch);
            await journal.settled();
          }
          expect(seqs()).toEqual(batches.flat());
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is of bounded size in two files, has the newest records, and a head in each new file', async () => {
    const { file, journal, put, seqs } = open(2_000);
    for (let batch = 0; batch < 60; batch++) {
      put(batch * 3, batch * 3 + 1, batch * 3 + 2);
      await journal.settled();
    }
    for (const each of [file, previousJournal(file)]) expect(statSync(each).size).toBeLessThan(2_600);
    const kept = seqs();
    expect(kept[0]).toBe(-1);
    const numbers = kept.filter((seq) => seq >= 0);
    expect(numbers.at(-1)).toBe(179);
    expect(numbers).toEqual(numbers.map((_, at) => 180 - numbers.length + at));
    expect(readFileSync(file, 'utf8').split('\n')[0]).toContain('"head":true');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('goes on after a line that a power cut has torn', async () => {
    const first = open(100_000);
    first.put(1, 2);
    await first.journal.settled();
    appendFileSync(first.file, '{"seq":3,"atMs":3,"ty');
    const second = open(100_000, path.dirname(first.file));
    second.put(4);
    await second.journal.settled();
    expect(second.seqs()).toEqual([1, 2, 4]);
  });

  test('drops and counts what the disk does not take, says so once, and goes on when it can', async () => {
    const { file, journal, put, seqs, problems } = open(100_000);
    mkdirSync(file);
    put(1, 2);
    await journal.settled();
    put(3);
    await journal.settled();
    expect(journal.dropped()).toBe(3);
    expect(problems).toHaveLength(1);
    rmSync(file, { recursive: true });
    put(4);
    await journal.settled();
    expect(seqs()).toEqual([-2, 4]);
    expect(readFileSync(file, 'utf8')).toContain('"count":3');
  });
});
