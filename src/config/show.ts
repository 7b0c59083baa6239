/** Characters of a value that a message repeats. */
const LONGEST_SHOWN = 80;
const MOST_ITEMS = 5;
const DEEPEST = 32;
const MOST_VALUES = 100_000;

/**
 * Says a value in a message; what is inside objects is never shown, as it may be secret.
 * @param value anything
 * @returns for example `"two"`, `1.5`, `["a", an object]`, `a function`, `nothing`
 */
export function show(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map(showOne);
    return `[${items.join(', ')}${value.length > MOST_ITEMS ? ', …' : ''}]`;
  }
  return showOne(value);
}

function showOne(value: unknown): string {
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return shorten(`${value}n`);
  return kindOf(value);
}

function shorten(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/**
 * Says what a value is and not what it holds, for values that may be secret.
 * @param value anything
 * @returns for example `text`, `a number`, `an object`
 */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return KINDS[typeof value];
}

const KINDS = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  bigint: 'a big number',
  symbol: 'a symbol',
  function: 'a function',
  undefined: 'nothing',
  object: 'an object',
} as const;

/**
 * Copies a value out of a user's module, so that it cannot change or throw later: getters are read, regular
 * expressions become their text, dates their ISO form.
 * @param value anything
 * @returns plain data, with functions and symbols left as they are
 * @throws Error when a getter throws, or when it is endless (refers to itself) or huge
 */
export function copyOf(value: unknown): unknown {
  let values = 0;
  const copy = (from: unknown, depth: number): unknown => {
    if (typeof from !== 'object' || from === null) return from;
    values++;
    if (depth > DEEPEST || values > MOST_VALUES) throw new Error('it refers to itself, or is too deep or too large');
    if (from instanceof RegExp) return from.source;
    if (from instanceof Date) return Number.isNaN(from.getTime()) ? 'Invalid Date' : from.toISOString();
    if (Array.isArray(from)) return Array.from(from, (item) => copy(item, depth + 1));
    return Object.fromEntries(Object.keys(from).map((key) => [key, copy(Reflect.get(from, key), depth + 1)]));
  };
  return copy(value, 0);
}
