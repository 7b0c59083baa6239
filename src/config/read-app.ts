import type { Reporter } from './findings.ts';
import { spellingsOf, unknownKey, whyIgnored } from './keys.ts';
import { nameOfScript } from './names.ts';
import {
  ATTRIBUTE_KEYS,
  ATTRIBUTES,
  type AttributeKey,
  type Attributes,
  type Reading,
  readAttribute,
} from './schema.ts';
import { type Data, plainValue } from './shapes.ts';
import { kindOf, show } from './show.ts';

const SPELLINGS = spellingsOf(ATTRIBUTE_KEYS);
const ENV_BLOCK = /^env_(.+)$/;
/** Where a value given by a flag is said to come from. */
const FLAGS = 'command line';

interface Written {
  readonly spelling: string;
  /** Null for the source of the file itself. */
  readonly source: string | null;
  readonly value: unknown;
}

/** One app as it was written: what could be read of it, and a way to complain about the rest. */
export interface ReadApp {
  readonly attributes: Attributes;
  /** The blocks `env_NAME` by NAME, values as written. */
  readonly envBlocks: ReadonlyMap<string, Data>;
  readonly reporter: Reporter;
  /** Reports a value that is well formed and wrong all the same, under the spelling of the user. */
  complain(key: AttributeKey, expected: string, note?: string): void;
}

export interface AppInput {
  readonly raw: Data;
  /** Values of flags, which win; null or "null" takes the attribute away. */
  readonly overrides: Data;
  readonly reporter: Reporter;
}

/**
 * Reads the attributes of one app; every mistake is reported, none is thrown.
 * @param input the object of the file, and the flags
 * @returns what could be read
 */
export function readApp({ raw, overrides, reporter }: AppInput): ReadApp {
  const written = new Map<AttributeKey, Written>();
  const blocks = new Map<string, Written>();
  gather(raw, { written, blocks, reporter, source: null });
  gather(overrides, { written, blocks, reporter, source: FLAGS });
  const attributes: Partial<Record<AttributeKey, unknown>> = {};
  for (const [key, { spelling, source, value }] of written) {
    const read = readLike(key, value);
    if ('value' in read) attributes[key] = read.value;
    else reporter.problem({ key: spelling, expected: read.expected, got: gotOf(key, value) }, source ?? undefined);
  }
  if (!written.has('script')) {
    reporter.problem({ key: 'script', expected: ATTRIBUTES.script.expected, got: 'nothing' });
  }
  return {
    attributes: attributes as Attributes, // each value came out of the type of its key
    envBlocks: readBlocks(blocks, reporter),
    reporter,
    complain(key, expected, note) {
      const { spelling, source, value } = written.get(key) ?? { spelling: key, source: null, value: undefined };
      const got = gotOf(key, value);
      reporter.problem({ key: spelling, expected, got, ...(note === undefined ? {} : { note }) }, source ?? undefined);
    },
  };
}

/** The newest text, number or flag of each attribute and how it was read: the apps of a file mostly say the same. */
const newest = new Map<AttributeKey, { readonly written: unknown; readonly reading: Reading }>();

function readLike(key: AttributeKey, value: unknown): Reading {
  const before = newest.get(key);
  if (before !== undefined && before.written === value) return before.reading;
  const reading = readAttribute(key, value);
  // What is behind a reference may be another thing the next time.
  if (typeof value !== 'object') newest.set(key, { written: value, reading });
  return reading;
}

interface Gathering {
  readonly written: Map<AttributeKey, Written>;
  readonly blocks: Map<string, Written>;
  readonly reporter: Reporter;
  readonly source: string | null;
}

/** Sorts the keys of one object by what they mean; a later object wins over an earlier one. */
function gather(from: Data, { written, blocks, reporter, source }: Gathering): void {
  const origin = source ?? undefined;
  const own = new Map<AttributeKey, string>();
  for (const spelling of Object.keys(from)) {
    const plain = plainValue(from, spelling);
    if ('error' in plain) {
      reporter.problem(
        { key: spelling, expected: 'plain data', got: `a value that cannot be read: ${plain.error}` },
        origin,
      );
      continue;
    }
    const { value } = plain;
    const key = SPELLINGS.get(spelling);
    const block = ENV_BLOCK.exec(spelling)?.[1];
    // PM2 takes the text too for "take it away".
    const absent = value === null || value === undefined || value === 'null';
    if (key === undefined && block !== undefined) {
      if (!absent) blocks.set(block, { spelling, source, value });
    } else if (key === undefined) {
      if (!absent) reporter.warn(unknownKey(spelling, SPELLINGS.keys()), origin);
    } else if (key === null) {
      noteIgnored(spelling, value, reporter);
    } else if (absent) {
      if (source !== null) written.delete(key);
    } else {
      const other = own.get(key);
      const wins = other === undefined || spelling === key;
      if (other !== undefined) {
        const text = `${other} and ${spelling} mean the same, ${wins ? spelling : other} is used`;
        reporter.warn({ key: spelling, text }, origin);
      }
      if (wins) written.set(key, { spelling, source, value });
      own.set(key, wins ? spelling : other);
    }
  }
}

/** Whoever switches off what is not there loses nothing by it. */
function noteIgnored(spelling: string, value: unknown, reporter: Reporter): void {
  const why = whyIgnored(spelling);
  if (why !== null && value) reporter.note({ key: spelling, text: `${spelling} has no effect: ${why}` });
}

function readBlocks(blocks: ReadonlyMap<string, Written>, reporter: Reporter): ReadonlyMap<string, Data> {
  const read = new Map<string, Data>();
  for (const [name, { spelling, source, value }] of blocks) {
    const block = readAttribute('env', value);
    if ('value' in block)
      read.set(name, block.value as Data); // the type of env is an object
    else reporter.problem({ key: spelling, expected: block.expected, got: kindOf(value) }, source ?? undefined);
  }
  return read;
}

/** Environment values may be secret, whatever shape they were written in. */
function gotOf(key: AttributeKey, value: unknown): string {
  return key === 'env' ? kindOf(value) : show(value);
}

/**
 * Guesses what an app is called before it is read, for messages and `--only`.
 * @param raw the object of the file
 * @returns its name, else that of its script, else null
 */
export function nameHint(raw: Data): string | null {
  const name = textUnder(raw, 'name');
  if (name !== null) return name;
  const script = textUnder(raw, 'script');
  return script === null ? null : nameOfScript(script);
}

function textUnder(raw: Data, wanted: AttributeKey): string | null {
  for (const spelling of Object.keys(raw)) {
    if (SPELLINGS.get(spelling) !== wanted) continue;
    const plain = plainValue(raw, spelling);
    if ('value' in plain && (typeof plain.value === 'string' || typeof plain.value === 'number')) {
      return String(plain.value).slice(0, 200);
    }
  }
  return null;
}
