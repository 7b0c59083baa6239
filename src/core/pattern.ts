/**
 * Regular expressions for targets, in JavaScript's syntax, with a bounded time for any pattern and text:
 * JavaScript's own engine tries alternatives one by one, and `/(a+)+$/` on a name of forty letters would hold
 * the daemon for hours. Here a node maps the set of positions where it may begin to the set where it may end,
 * a set being the bits of a bigint. Back references and look-behind cannot be said that way and are refused.
 */
export interface Pattern {
  /**
   * @param text what is looked at, for example a name
   * @returns true when the pattern is found anywhere in it
   */
  test(text: string): boolean;
}

export interface PatternError {
  /** What is wrong with the pattern, in words for people. */
  readonly error: string;
}

/** Characters between the slashes. */
const MOST_CHARACTERS = 200;
/** Loops in loops cost the power of their depth. */
const DEEPEST_LOOPS = 3;

type Node =
  | { readonly type: 'char'; readonly fits: RegExp }
  | { readonly type: 'edge'; readonly holds: (text: string, at: number) => boolean }
  | { readonly type: 'look'; readonly body: Node; readonly wanted: boolean }
  | { readonly type: 'sequence'; readonly parts: readonly Node[] }
  | { readonly type: 'either'; readonly options: readonly Node[] }
  | { readonly type: 'repeat'; readonly body: Node; readonly min: number; readonly max: number };

interface Reader {
  readonly source: string;
  readonly flags: string;
  at: number;
  /** The first thing met that cannot be done. */
  error: string | null;
}

/**
 * Compiles the pattern of a target.
 * @param source text between the slashes, at most 200 characters
 * @param flags letters after the second slash: g (no meaning here), i, m, s
 * @returns the pattern, or what is wrong with it
 */
export function compilePattern(source: string, flags: string): Pattern | PatternError {
  if (source.length > MOST_CHARACTERS) {
    return { error: `expected at most ${MOST_CHARACTERS} characters between the slashes, got ${source.length}` };
  }
  if (!/^[gims]*$/.test(flags)) return { error: `expected flags of g, i, m and s, got "${flags}"` };
  const invalid = syntaxErrorOf(source, flags);
  if (invalid !== null) return { error: `expected a regular expression: ${invalid}` };
  const reader: Reader = { source, flags: flags.replaceAll('g', ''), at: 0, error: null };
  const root = readOptions(reader);
  if (reader.error === null && depthOf(root) > DEEPEST_LOOPS) {
    reader.error = `expected repetitions and look-aheads at most ${DEEPEST_LOOPS} deep in each other`;
  }
  return reader.error === null ? { test: (text) => found(root, text) } : { error: reader.error };
}

function syntaxErrorOf(source: string, flags: string): string | null {
  try {
    new RegExp(source, flags);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Reads alternatives up to the end or a closing parenthesis; the syntax is known to be right. */
function readOptions(reader: Reader): Node {
  const options: Node[] = [];
  do {
    const parts: Node[] = [];
    while (reader.at < reader.source.length && !'|)'.includes(reader.source.charAt(reader.at))) {
      parts.push(readCount(reader, readTerm(reader)));
    }
    options.push({ type: 'sequence', parts });
  } while (take(reader, /\|/y) !== null);
  return { type: 'either', options };
}

/** Takes what stands next if it fits the sticky expression. */
function take(reader: Reader, what: RegExp): RegExpExecArray | null {
  what.lastIndex = reader.at;
  const taken = what.exec(reader.source);
  if (taken !== null) reader.at += taken[0].length;
  return taken;
}

function readCount(reader: Reader, body: Node): Node {
  const taken = take(reader, /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y);
  if (taken === null) return body;
  const [, sign, least, comma, most] = taken;
  if (sign === '?') return { type: 'repeat', body, min: 0, max: 1 };
  if (sign !== undefined) return { type: 'repeat', body, min: sign === '+' ? 1 : 0, max: Number.POSITIVE_INFINITY };
  const min = Number(least);
  if (comma === undefined) return { type: 'repeat', body, min, max: min };
  return { type: 'repeat', body, min, max: most === '' ? Number.POSITIVE_INFINITY : Number(most) };
}

function readTerm(reader: Reader): Node {
  const group = take(reader, /\((?:\?(?:([:=!])|<[^=!>]+>|(.)))?/y);
  if (group !== null) return readGroup(reader, group[1], group[2]);
  if (take(reader, /\\b/y) !== null) return { type: 'edge', holds: atWordEdge };
  if (take(reader, /\\B/y) !== null) return { type: 'edge', holds: (text, at) => !atWordEdge(text, at) };
  const lines = reader.flags.includes('m');
  if (take(reader, /\^/y) !== null) {
    return { type: 'edge', holds: (text, at) => at === 0 || (lines && endsLine(text, at - 1)) };
  }
  if (take(reader, /\$/y) !== null) {
    return { type: 'edge', holds: (text, at) => at === text.length || (lines && endsLine(text, at)) };
  }
  if (take(reader, /\\[0-9k]/y) !== null) reader.error ??= 'expected no back reference such as \\1';
  const atom = take(reader, /\\(?:c[A-Za-z]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|\[(?:\\.|[^\]\\])*\]|./sy);
  return { type: 'char', fits: new RegExp(`^(?:${atom === null ? '' : literal(atom[0])})$`, reader.flags) };
}

/** A brace that opens no count stands for itself: it is not left to be read with what is put around it. */
function literal(atom: string): string {
  return atom === '{' || atom === '}' || atom === ']' ? `\\${atom}` : atom;
}

function readGroup(reader: Reader, kind: string | undefined, unknown: string | undefined): Node {
  if (unknown !== undefined) reader.error ??= `expected groups of the kinds ( (?: (?= (?! (?<name>, got (?${unknown}`;
  const body = readOptions(reader);
  take(reader, /\)/y);
  return kind === '=' || kind === '!' ? { type: 'look', body, wanted: kind === '=' } : body;
}

function depthOf(node: Node): number {
  switch (node.type) {
    case 'char':
    case 'edge':
      return 0;
    case 'look':
      return 1 + depthOf(node.body);
    case 'repeat':
      return (node.max > 1 ? 1 : 0) + depthOf(node.body);
    case 'sequence':
      return node.parts.reduce((deepest, part) => Math.max(deepest, depthOf(part)), 0);
    case 'either':
      return node.options.reduce((deepest, option) => Math.max(deepest, depthOf(option)), 0);
    default:
      return node satisfies never;
  }
}

function atWordEdge(text: string, at: number): boolean {
  return /\w/.test(text.charAt(at - 1)) !== /\w/.test(text.charAt(at));
}

function endsLine(text: string, at: number): boolean {
  return /[\n\r\u2028\u2029]/.test(text.charAt(at));
}

/** A text, and per node the set of positions where its character or edge stands. */
interface Run {
  readonly text: string;
  readonly masks: Map<Node, bigint>;
}

function found(root: Node, text: string): boolean {
  const everywhere = (1n << BigInt(text.length + 1)) - 1n;
  return endsOf(root, everywhere, { text, masks: new Map() }) !== 0n;
}

/** Where the node may end when it begins at any of the positions. */
function endsOf(node: Node, begins: bigint, run: Run): bigint {
  if (begins === 0n) return 0n;
  switch (node.type) {
    case 'char':
      return (begins & maskOf(node, run)) << 1n;
    case 'edge':
    case 'look':
      return begins & maskOf(node, run);
    case 'sequence':
      return node.parts.reduce((at, part) => endsOf(part, at, run), begins);
    case 'either':
      return node.options.reduce((ends, option) => ends | endsOf(option, begins, run), 0n);
    case 'repeat':
      return repeatEndsOf(node, begins, run);
    default:
      return node satisfies never;
  }
}

function repeatEndsOf(node: Extract<Node, { type: 'repeat' }>, begins: bigint, run: Run): bigint {
  // A longer row of turns than there are characters has an empty turn in it, and so ends where a shorter one does.
  const longest = run.text.length + 1;
  let ends = begins;
  for (let turn = 0; turn < Math.min(node.min, longest) && ends !== 0n; turn++) ends = endsOf(node.body, ends, run);
  let fresh = ends;
  for (let turn = node.min; turn < Math.min(node.max, node.min + longest) && fresh !== 0n; turn++) {
    fresh = endsOf(node.body, fresh, run) & ~ends;
    ends |= fresh;
  }
  return ends;
}

/** The positions where a character fits, an edge holds or a look-ahead sees what is wanted. */
function maskOf(node: Extract<Node, { type: 'char' | 'edge' | 'look' }>, run: Run): bigint {
  const known = run.masks.get(node);
  if (known !== undefined) return known;
  let mask = 0n;
  for (let at = 0; at <= run.text.length; at++) {
    if (holdsAt(node, at, run)) mask |= 1n << BigInt(at);
  }
  run.masks.set(node, mask);
  return mask;
}

function holdsAt(node: Extract<Node, { type: 'char' | 'edge' | 'look' }>, at: number, run: Run): boolean {
  if (node.type === 'char') return at < run.text.length && node.fits.test(run.text.charAt(at));
  if (node.type === 'edge') return node.holds(run.text, at);
  return (endsOf(node.body, 1n << BigInt(at), run) !== 0n) === node.wanted;
}
