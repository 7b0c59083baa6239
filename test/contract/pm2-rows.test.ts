import { describe, expect, test } from 'vitest';
import { DIFFERENCES } from '../pm2/differences/index.ts';
import { ONE_SIDED } from '../pm2/differences/one-sided.ts';
import { linesOfScript, SCRIPTS } from '../pm2/run-script.mjs';
import { attributeRows } from '../support/pm2-attributes-doc.ts';
import { pm2Rows } from '../support/pm2-doc.ts';
import { goldenAnswers, keysTried } from '../support/pm2-scripts.ts';

/** `pm2 WORD ...` as often as a line has it, up to what ends it in a shell. */
function callsOf(line: string): string[][] {
  const calls = line.matchAll(/(?:^|[\s(])pm2\s+([^|;&<>)]*)/g);
  return [...calls].map(([, text = '']) => text.split(/\s+/).filter((word) => word !== ''));
}

const calls = SCRIPTS.flatMap((script) => linesOfScript(script)).flatMap(callsOf);
const isGiven = (call: readonly string[], flag: string) =>
  call.some((word) => word === flag || word.startsWith(`${flag}=`));

describe('every row of docs/pm2.md is asked of a real PM2', () => {
  test('the goldens answer each line of the scripts', () => {
    expect(SCRIPTS.length).toBeGreaterThan(5);
    for (const script of SCRIPTS) {
      expect(goldenAnswers(script).map(({ command }) => command)).toEqual(linesOfScript(script));
    }
  });

  test('each difference is of a line that there is, and says why; each rule leaves out something', () => {
    for (const [script, differences] of Object.entries(DIFFERENCES)) {
      const lines = linesOfScript(script);
      expect(differences.filter(({ command, why }) => !lines.includes(command) || why.length < 10)).toEqual([]);
    }
    expect(Object.keys(DIFFERENCES).sort()).toEqual([...SCRIPTS].sort());
    const told = SCRIPTS.flatMap((script) => goldenAnswers(script).flatMap(({ lines }) => lines));
    expect(ONE_SIDED.filter((rule) => rule.by !== 'pm2' || !told.some((line) => rule.line.test(line)))).toEqual([]);
  });

  test('each command, under each of its names', () => {
    const words = new Set(calls.map(([word]) => word));
    const missing = pm2Rows('Commands').flatMap((row) => row.words.filter((word) => !words.has(word)));
    expect(missing).toEqual([]);
  });

  test('each flag, under each of its names', () => {
    const missing = pm2Rows('Flags').flatMap((row) =>
      row.words.filter((flag) => !calls.some((call) => isGiven(call, flag))),
    );
    expect(missing).toEqual([]);
  });

  test('each flag of a single command, with that command', () => {
    const names = new Map(pm2Rows('Commands').flatMap((row) => row.words.map((word) => [word, row.words])));
    const missing = pm2Rows('Flags of single commands').flatMap((row) =>
      row.words.filter((text) => {
        const [word = '', flag = ''] = text.split(' ');
        return !calls.some(([first = '', ...rest]) => names.get(word)?.includes(first) && isGiven(rest, flag));
      }),
    );
    expect(missing).toEqual([]);
  });

  test('each attribute of docs/pm2-attributes.md, under each of its names', () => {
    const wanted = attributeRows().flatMap((row) => [row.key, ...row.aliases]);
    expect(wanted.length).toBeGreaterThan(70);
    expect(wanted.filter((key) => !keysTried().has(key))).toEqual([]);
  });
});

test('what the page calls the same has no difference of its own', () => {
  const rows = [...pm2Rows('Commands'), ...pm2Rows('Flags')];
  const single = pm2Rows('Flags of single commands');
  const verdicts = ([word = '', ...rest]: readonly string[]) => [
    ...rows.filter((row) => row.words.includes(word) || row.words.some((flag) => isGiven(rest, flag))),
    ...single.filter((row) =>
      row.words.some((text) => text.startsWith(`${word} `) && isGiven(rest, text.slice(word.length + 1))),
    ),
  ];
  const isAllSame = (command: string) =>
    callsOf(command)
      .flatMap(verdicts)
      .every(({ verdict }) => verdict === 'same');
  const unfounded = Object.entries(DIFFERENCES).flatMap(([script, differences]) =>
    differences
      // What follows from another difference says so; a line without PM2 in it asks what an earlier one has brought.
      .filter(({ command, why }) => command.includes('pm2 ') && !why.includes('see above') && isAllSame(command))
      .map(({ command }) => `${script}: ${command}`),
  );
  expect(unfounded).toEqual([]);
});
