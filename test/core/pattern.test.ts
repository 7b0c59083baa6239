import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern, type Pattern } from '../../src/core/pattern.ts';

const ATOMS = ['a', 'b', 'A', '-', '.', '\\d', '\\w', '[a-c]', '[^b]', '\\b', '\\B', '^', '$', '\\.', '\\x61', '\\-'];
const ODD_ATOMS = ['{', '}', ']', '\\/', '[]', '[^]', '\\cA', '{a}', '\\u{2}', '(', ')', '|', '\\'];
const COUNTS = ['*', '+', '?', '{2}', '{1,2}', '{0,}', '*?', '{2,}?', '{0}'];

const { source } = fc.letrec<{ source: string }>((again) => {
  const part = again('source');
  const atom = fc.constantFrom(...ATOMS, ...ODD_ATOMS);
  const count = fc.constantFrom(...COUNTS);
  return {
    source: fc.oneof(
      { maxDepth: 4 },
      atom,
      fc.tuple(part, part).map(([a, b]) => a + b),
      fc.tuple(part, part).map(([a, b]) => `${a}|${b}`),
      fc.tuple(part, part).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(part, count).map(([a, times]) => `(${a})${times}`),
      fc.tuple(atom, count).map(([a, times]) => a + times),
      part.map((a) => `(?=${a})`),
      part.map((a) => `(?!${a})`),
      part.map((a) => `(?<word>${a})`),
    ),
  };
});
const name = fc.array(fc.constantFrom('a', 'b', 'A', '1', '-', '.', '{', '\n', 'u'), { maxLength: 7 });

function patternOf(expression: string, flags = ''): Pattern {
  const pattern = compilePattern(expression, flags);
  if ('error' in pattern) throw new Error(pattern.error);
  return pattern;
}

test('answers as RegExp does, and refuses what RegExp refuses', () => {
  let compared = 0;
  fc.assert(
    fc.property(source, name, fc.constantFrom('', 'i', 's', 'm'), (expression, letters, flags) => {
      const pattern = compilePattern(expression, flags);
      let regExp: RegExp;
      try {
        regExp = new RegExp(expression, flags);
      } catch {
        return 'error' in pattern;
      }
      if ('error' in pattern) return pattern.error.includes('deep in each other');
      compared++;
      return pattern.test(letters.join('')) === regExp.test(letters.join(''));
    }),
    { numRuns: 5000 },
  );
  expect(compared).toBeGreaterThan(2000);
});

test.each([
  ['(a+)+$', `${'a'.repeat(120)}b`],
  ['(?:(?:(?:a+b)?a+b)?a)+$', `${'a'.repeat(255)}c`],
  ['a?'.repeat(50) + 'a'.repeat(50), 'a'.repeat(49)],
  ['(.*)*(.*)*(.*)*(.*)*x', 'a'.repeat(255)],
  ['(a|a)*b', 'a'.repeat(120)],
])('%s on a hostile name is answered at once', (expression, text) => {
  const pattern = patternOf(expression);
  const beganMs = performance.now();
  expect(pattern.test(text)).toBe(false);
  expect(performance.now() - beganMs).toBeLessThan(1000);
});

describe('refused with a reason', () => {
  test.each([
    ['(', '', 'expected a regular expression: Invalid regular expression'],
    ['(a)\\1', '', 'expected no back reference such as \\1'],
    ['(?<=a)b', '', 'expected groups of the kinds ( (?: (?= (?! (?<name>, got (?<'],
    ['((((a+)+)+)+)+', '', 'expected repetitions and look-aheads at most 3 deep in each other'],
    ['a'.repeat(201), '', 'expected at most 200 characters between the slashes, got 201'],
    ['a', 'y', 'expected flags of g, i, m and s, got "y"'],
  ])('%s with flags "%s"', (expression, flags, error) => {
    expect(compilePattern(expression, flags)).toEqual({ error: expect.stringContaining(error) });
  });
});
