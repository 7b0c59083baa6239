import { compilePattern, type Pattern } from './pattern.ts';

/** What a target may be compared with. */
export interface Selectable {
  readonly id: number;
  readonly name: string;
  readonly namespace: string;
}

/** One parsed target of a command. */
export type Selector =
  | { readonly type: 'all' }
  /** A whole id, name or namespace; `id` is null when the text is no id. */
  | { readonly type: 'word'; readonly text: string; readonly id: number | null }
  /** `/source/flags`, compared with names. */
  | { readonly type: 'pattern'; readonly text: string; readonly pattern: Pattern };

export interface SelectorError {
  /** What is wrong with the text, in words for people. */
  readonly error: string;
}

export interface InvalidTarget extends SelectorError {
  readonly target: string;
}

export interface TargetMatch<T> {
  /** In the order of their ids, none twice. */
  readonly matched: T[];
  /** Targets that are well formed and select nothing. */
  readonly unmatched: string[];
  /** Targets that cannot be read. */
  readonly invalid: InvalidTarget[];
}

const PATTERN_TEXT = /^\/(.+)\/([dgimsuvy]*)$/s;
const ID_TEXT = /^\d{1,15}$/;

/**
 * Reads one target of a command.
 * @param text an id, a name, a namespace, `/regex/flags` or `all`
 * @returns the selector, or what is wrong with it
 */
export function parseSelector(text: string): Selector | SelectorError {
  if (text === 'all') return { type: 'all' };
  if (text === '') return { error: 'target: expected an id, a name, a namespace, /regex/ or all, got ""' };
  const [, source, flags] = PATTERN_TEXT.exec(text) ?? [];
  if (source === undefined || flags === undefined) {
    return { type: 'word', text, id: ID_TEXT.test(text) ? Number(text) : null };
  }
  const pattern = compilePattern(source, flags);
  return 'error' in pattern ? { error: `target ${text}: ${pattern.error}` } : { type: 'pattern', text, pattern };
}

/**
 * Tells whether a selector can mean an instance, by any of its names.
 * @param selector a parsed target
 * @param instance its id, name and namespace
 * @returns true when id, name, namespace or pattern fit
 */
export function selects(selector: Selector, instance: Selectable): boolean {
  switch (selector.type) {
    case 'all':
      return true;
    case 'pattern':
      return instance.name === selector.text || selector.pattern.test(instance.name);
    case 'word':
      return instance.id === selector.id || instance.name === selector.text || instance.namespace === selector.text;
    default:
      return selector satisfies never;
  }
}

/**
 * Picks the instances that any of the selectors means. A word means an id if there is such an id, else a name,
 * else a namespace, as with PM2.
 * @param selectors parsed targets
 * @param instances all there are
 * @returns the picked ones in the order of their ids, none twice
 */
export function selectAll<T extends Selectable>(selectors: readonly Selector[], instances: readonly T[]): T[] {
  const picked = new Set<T>();
  for (const selector of selectors) {
    for (const instance of meantBy(selector, instances)) picked.add(instance);
  }
  return byId(picked);
}

/**
 * Resolves the targets of a command, and says which came to nothing.
 * @param targets texts as the user wrote them
 * @param instances all there are
 * @returns what is matched (by id, none twice), the targets without a match, and those that cannot be read
 */
export function matchTargets<T extends Selectable>(
  targets: readonly string[],
  instances: readonly T[],
): TargetMatch<T> {
  const picked = new Set<T>();
  const unmatched: string[] = [];
  const invalid: InvalidTarget[] = [];
  for (const target of new Set(targets)) {
    const selector = parseSelector(target);
    if ('error' in selector) {
      invalid.push({ target, error: selector.error });
      continue;
    }
    const meant = meantBy(selector, instances);
    if (meant.length === 0) unmatched.push(target);
    for (const instance of meant) picked.add(instance);
  }
  return { matched: byId(picked), unmatched, invalid };
}

/** The instances of one selector, with the ranks of a word: id, name, namespace. */
function meantBy<T extends Selectable>(selector: Selector, instances: readonly T[]): readonly T[] {
  if (selector.type === 'all') return instances;
  const named = instances.filter((instance) => instance.name === selector.text);
  if (selector.type === 'pattern') {
    return named.length > 0 ? named : instances.filter((instance) => selector.pattern.test(instance.name));
  }
  const identified = instances.filter((instance) => instance.id === selector.id);
  if (identified.length > 0) return identified;
  if (named.length > 0) return named;
  return instances.filter((instance) => instance.namespace === selector.text);
}

function byId<T extends Selectable>(picked: Iterable<T>): T[] {
  return [...picked].sort((a, b) => a.id - b.id);
}
