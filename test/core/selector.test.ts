import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  matchTargets,
  parseSelector,
  type Selectable,
  type Selector,
  selectAll,
  selects,
} from '../../src/core/selector.ts';

const FLEET: readonly Selectable[] = [
  { id: 4, name: 'web', namespace: 'shop' },
  { id: 0, name: 'web', namespace: 'shop' },
  { id: 2, name: 'shop', namespace: 'default' },
  { id: 7, name: '0', namespace: 'default' },
  { id: 9, name: 'Web-2', namespace: '2' },
];

function selectorOf(text: string): Selector {
  const selector = parseSelector(text);
  if ('error' in selector) throw new Error(selector.error);
  return selector;
}

function idsOf(...targets: string[]): number[] {
  return matchTargets(targets, FLEET).matched.map(({ id }) => id);
}

describe('one target', () => {
  test.each([
    ['a name means all its instances', 'web', [0, 4]],
    ['a name goes before a namespace', 'shop', [2]],
    ['a namespace, where no name is such', 'default', [2, 7]],
    ['an id goes before a name', '0', [0]],
    ['an id goes before a namespace', '2', [2]],
    ['a name of digits, where no id is such', '7', [7]],
    ['a pattern is looked for anywhere in names', '/eb/', [0, 4, 9]],
    ['a pattern with a flag', '/^web/i', [0, 4, 9]],
    ['a pattern that leaves some out', '/^(?!web$)/', [2, 7, 9]],
    ['a pattern does not see namespaces', '/default/', []],
    ['all', 'all', [0, 2, 4, 7, 9]],
    ['names are compared as a whole', 'we', []],
    ['case counts', 'WEB', []],
    ['no part of a number is an id', '4x', []],
    ['no other way to write an id', '4.0', []],
  ])('%s: %s', (_, target, ids) => {
    expect(idsOf(target)).toEqual(ids);
    expect(matchTargets([target], FLEET).unmatched).toEqual(ids.length === 0 ? [target] : []);
  });

  test.each([
    ['/[/', 'target /[/: expected a regular expression: Invalid regular expression: /[/: Unterminated character class'],
    ['/a/v', 'target /a/v: expected flags of g, i, m and s, got "v"'],
    ['', 'target: expected an id, a name, a namespace, /regex/ or all, got ""'],
  ])('%s cannot be read, and the words say why', (target, error) => {
    expect(matchTargets([target, 'web'], FLEET)).toMatchObject({ invalid: [{ target, error }], unmatched: [] });
    expect(idsOf(target, 'web')).toEqual([0, 4]);
  });
});

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.constantFrom('web', 'api', '0', '1', '2', '3', 'default', 'all', '/a/', '/x(/'),
);
const fleet = fc.uniqueArray(fc.record({ id: fc.nat(12), name: text, namespace: text }), {
  maxLength: 8,
  selector: ({ id }) => id,
});

describe('any fleet', () => {
  test('a name that can be read selects its instances, or what has that id', () => {
    fc.assert(
      fc.property(fleet, fc.nat(), (instances, pick) => {
        const instance = instances[pick % Math.max(1, instances.length)];
        fc.pre(instance !== undefined && !('error' in parseSelector(instance.name)));
        expect(selects(selectorOf(instance.name), instance)).toBe(true);
        const { matched } = matchTargets([instance.name], instances);
        expect(matched.includes(instance) || matched.some(({ id }) => String(id) === instance.name)).toBe(true);
      }),
    );
  });

  test('an id selects its one instance', () => {
    fc.assert(
      fc.property(fleet, (instances) => {
        for (const instance of instances) {
          expect(matchTargets([String(instance.id)], instances).matched).toEqual([instance]);
        }
      }),
    );
  });

  test('all selects everything', () => {
    fc.assert(
      fc.property(fleet, (instances) => {
        expect(new Set(matchTargets(['all'], instances).matched)).toEqual(new Set(instances));
      }),
    );
  });

  test('what is matched is ordered by id, without doubles, and every target is accounted for', () => {
    fc.assert(
      fc.property(fleet, fc.array(text, { maxLength: 6 }), (instances, targets) => {
        const { matched, unmatched, invalid } = matchTargets(targets, instances);
        const ids = matched.map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
        const bad = new Set([...unmatched, ...invalid.map(({ target }) => target)]);
        for (const target of targets) {
          expect(matchTargets([target], instances).matched.length === 0).toBe(bad.has(target));
        }
        const selectors = targets.filter((target) => !('error' in parseSelector(target))).map(selectorOf);
        expect(selectAll(selectors, instances)).toEqual(matched);
        for (const instance of matched) expect(selectors.some((selector) => selects(selector, instance))).toBe(true);
      }),
    );
  });
});
