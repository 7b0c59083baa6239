import { PromvisorError } from '../base/errors.ts';

/** Values in values: deeper is no configuration. */
const DEEPEST = 64;

const BLANK = /[\s\uFEFF]+|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\//y;
const BARE_KEY = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$.])/y;
const KEYWORD = /(?:true|false|null|undefined)(?![\w$])/y;
const PLAIN = /[^\\\n\r"']+/y;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))/y;

const KEYWORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null, undefined: undefined };
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '0': '\0' };

interface Reader {
  readonly text: string;
  readonly source: string;
  at: number;
  depth: number;
}

/**
 * Reads JSON as people write it by hand: with comments, trailing commas, keys without quotes, single quotes and
 * hexadecimal numbers. Nothing is evaluated.
 * @param text the whole file
 * @param source its name, for errors
 * @returns the data
 * @throws PromvisorError CONFIG_UNREADABLE with line and column
 * @see https://spec.json5.org
 */
export function parseRelaxedJson(text: string, source: string): unknown {
  const reader: Reader = { text, source, at: 0, depth: 0 };
  skipBlank(reader);
  const value = readValue(reader);
  skipBlank(reader);
  if (reader.at < text.length) throw unexpected(reader, 'the end of the file');
  return value;
}

/** Takes what stands next if it fits the sticky expression. */
function take(reader: Reader, what: RegExp): RegExpExecArray | null {
  what.lastIndex = reader.at;
  const taken = what.exec(reader.text);
  if (taken !== null) reader.at += taken[0].length;
  return taken;
}

function takeCharacter(reader: Reader, character: string): boolean {
  if (reader.text.charAt(reader.at) !== character) return false;
  reader.at++;
  return true;
}

function skipBlank(reader: Reader): void {
  while (take(reader, BLANK) !== null);
}

function readValue(reader: Reader): unknown {
  const next = reader.text.charAt(reader.at);
  if (next === '{' || next === '[') {
    if (++reader.depth > DEEPEST) throw failure(reader, `expected values at most ${DEEPEST} deep in each other`);
    reader.at++;
    const value = next === '{' ? readObject(reader) : readArray(reader);
    reader.depth--;
    return value;
  }
  if (next === '"' || next === "'") return readString(reader);
  const keyword = take(reader, KEYWORD);
  if (keyword !== null) return KEYWORDS[keyword[0]];
  const number = take(reader, NUMBER);
  if (number !== null) return numberOf(number[0]);
  throw unexpected(reader, 'a value');
}

/** Number() reads no sign before a hexadecimal number. */
function numberOf(text: string): number {
  const size = Number(text.replace(/^[+-]/, ''));
  return text.startsWith('-') ? -size : size;
}

function readObject(reader: Reader): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (;;) {
    skipBlank(reader);
    if (takeCharacter(reader, '}')) return Object.fromEntries(entries);
    const key = readKey(reader);
    skipBlank(reader);
    if (!takeCharacter(reader, ':')) throw unexpected(reader, `":" after the key ${JSON.stringify(key)}`);
    skipBlank(reader);
    entries.push([key, readValue(reader)]);
    skipBlank(reader);
    if (takeCharacter(reader, ',')) continue;
    if (takeCharacter(reader, '}')) return Object.fromEntries(entries);
    throw unexpected(reader, '"," or "}"');
  }
}

function readKey(reader: Reader): string {
  const next = reader.text.charAt(reader.at);
  if (next === '"' || next === "'") return readString(reader);
  const key = take(reader, BARE_KEY) ?? take(reader, /\d+/y);
  if (key === null) throw unexpected(reader, 'a key or "}"');
  return key[0];
}

function readArray(reader: Reader): unknown[] {
  const items: unknown[] = [];
  for (;;) {
    skipBlank(reader);
    if (takeCharacter(reader, ']')) return items;
    items.push(readValue(reader));
    skipBlank(reader);
    if (takeCharacter(reader, ',')) continue;
    if (takeCharacter(reader, ']')) return items;
    throw unexpected(reader, '"," or "]"');
  }
}

function readString(reader: Reader): string {
  const quote = reader.text.charAt(reader.at++);
  let value = '';
  for (;;) {
    const plain = take(reader, PLAIN);
    if (plain !== null) value += plain[0];
    else if (takeCharacter(reader, quote)) return value;
    else if (takeCharacter(reader, quote === '"' ? "'" : '"')) value += quote === '"' ? "'" : '"';
    else value += readEscape(reader, quote);
  }
}

function readEscape(reader: Reader, quote: string): string {
  const escaped = take(reader, ESCAPE);
  if (escaped === null) throw unexpected(reader, `a closing ${quote}`);
  const [, unit, point, byte, character = ''] = escaped;
  const code = unit ?? point ?? byte;
  if (code !== undefined) {
    if (Number.parseInt(code, 16) > 0x10ffff) throw failure(reader, `expected a character, got \\u{${code}}`);
    return String.fromCodePoint(Number.parseInt(code, 16));
  }
  // A backslash at the end of a line goes on with the next line.
  if (/^[\r\n\u2028\u2029]/.test(character)) return '';
  return ESCAPES[character] ?? character;
}

function unexpected(reader: Reader, expected: string): PromvisorError {
  const rest = reader.text.slice(reader.at, reader.at + 40);
  const next = /^(?:[\w$.-]+|[\s\S])/u.exec(rest)?.[0];
  return failure(
    reader,
    `expected ${expected}, got ${next === undefined ? 'the end of the file' : JSON.stringify(next)}`,
  );
}

function failure({ text, source, at }: Reader, message: string): PromvisorError {
  const before = text.slice(0, at).split(/\r\n|[\n\r\u2028\u2029]/);
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return new PromvisorError('CONFIG_UNREADABLE', `${source}:${line}:${column}: ${message}`, {
    details: { file: source, line, column },
  });
}
