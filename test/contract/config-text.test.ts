import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearestWord } from '../../src/base/did-you-mean.ts';
import { parseBytes, parseDurationMs } from '../../src/base/units.ts';
import { splitWords } from '../../src/config/words.ts';

describe('sizes', () => {
  test.each([
    ['200M', 200 * 1024 ** 2],
    ['1G', 1024 ** 3],
    ['1.5G', 1.5 * 1024 ** 3],
    ['500K', 500 * 1024],
    ['64kb', 64 * 1024],
    ['1048576', 1_048_576],
    [' 10 M ', 10 * 1024 ** 2],
  ])('%s', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  test.each(['', 'M', '-1M', '1T', '1,5G', '1e3', '0x10', '1.5.2G', `${'9'.repeat(20)}G`])('%j is none', (text) =>
    expect(parseBytes(text)).toBeNull(),
  );

  test('every whole number with a unit reads as that many', () => {
    const units = fc.constantFrom(['', 1] as const, ['K', 1024] as const, ['M', 1024 ** 2] as const);
    const law = fc.property(fc.nat(), units, (n, [unit, factor]) => {
      expect(parseBytes(`${n}${unit}`)).toBe(n * factor);
    });
    fc.assert(law);
  });
});

describe('durations', () => {
  test.each([
    ['1h', 3_600_000],
    ['5m', 300_000],
    ['10s', 10_000],
    ['1.5s', 1500],
    ['250ms', 250],
    ['1600', 1600],
  ])('%s', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each(['', 's', '-1s', '1 parsec', '1w', '1h5m', 'ten'])('%j is none', (text) =>
    expect(parseDurationMs(text)).toBeNull(),
  );
});

describe('words of a line', () => {
  test.each([
    ['a b "c d"', ['a', 'b', 'c d']],
    ['--x=\'a "b"\' c', ['--x=a "b"', 'c']],
    ['a\\ b c', ['a b', 'c']],
    ['"a \\" b"', ['a " b']],
    ['"\\d+"', ['\\d+']],
    ['"" x', ['', 'x']],
    ['   ', []],
    ['', []],
  ])('%j', (line, words) => expect(splitWords(line)).toEqual(words));

  test.each(['"a', "it's"])('%j has an open quote', (line) => expect(splitWords(line)).toBeNull());

  test('words that were quoted come back as they were', () => {
    const quoted = (word: string) => `'${word.replaceAll("'", `'"'"'`)}'`;
    const law = fc.property(fc.array(fc.string()), (words) => {
      expect(splitWords(words.map(quoted).join(' '))).toEqual(words);
    });
    fc.assert(law);
  });
});

describe('did you mean', () => {
  const words = ['instances', 'interpreter', 'max_memory_restart', 'watch', 'env', 'out'];
  test.each([
    ['instanses', 'instances'],
    ['intsances', 'instances'],
    ['Instances', 'instances'],
    ['max_memory', null],
    ['max_memory_restrat', 'max_memory_restart'],
    ['wtach', 'watch'],
    ['envs', 'env'],
    ['banana', null],
    ['', null],
    ['x'.repeat(500), null],
  ])('%s', (word, meant) => expect(nearestWord(word, words)).toBe(meant));
});
