import { PromvisorError } from '../base/errors.ts';
import { MOMENT_WORDS, parseMoment } from '../base/moment.ts';
import { type Match, parseMatch } from '../logs/read/match.ts';
import type { LogQuery } from '../logs/read/read-log.ts';

/** What `logs` was asked for. */
export interface LogOptions {
  readonly query: LogQuery;
  readonly follow: boolean;
  /** True when following was asked for in words: then it is an error when it cannot be. */
  readonly mustFollow: boolean;
  readonly wants: (stream: 'out' | 'error') => boolean;
  readonly highlight: string | null;
  readonly form: 'text' | 'raw' | 'json' | 'pairs';
  /** Pattern of the time before each line, null for none. */
  readonly stampPattern: string | null;
  /** Print where the files are, not what is in them. */
  readonly paths: boolean;
}

type Given = Readonly<Record<string, unknown>>;

const DEFAULT_LINES = 15;
const LINES_MAX = 1_000_000;
const STANDARD_STAMP = 'YYYY-MM-DDTHH:mm:ss';

/**
 * Reads the options of `logs`.
 * @param given as the parser of command lines gives them
 * @param context `--json`, and the time that "10m" is before
 * @returns what is wanted
 * @throws PromvisorError USAGE that names the option, its value and what was expected
 */
export function readLogOptions(
  given: Given,
  { json, nowMs }: { readonly json: boolean; readonly nowMs: number },
): LogOptions {
  const sinceNs = moment('since', given['since'], nowMs);
  const untilNs = moment('until', given['until'], nowMs);
  if (sinceNs !== null && untilNs !== null && sinceNs > untilNs) {
    throw usage(`--since: expected a time before that of --until, got "${given['since']}" and "${given['until']}"`);
  }
  const mustFollow = given['follow'] === true;
  if (mustFollow && untilNs !== null) throw usage('--follow: expected no --until beside it, as that is an end');
  const { timestamp } = given;
  return {
    query: { sinceNs, untilNs, count: lines(given['lines'], sinceNs !== null), match: match(given['grep']) },
    follow: mustFollow || (given['nostream'] !== true && untilNs === null),
    mustFollow,
    wants: wantedStreams(given['out'] === true, given['err'] === true),
    highlight: highlight(given['highlight']),
    form: formOf(given, json),
    stampPattern: timestamp === true ? STANDARD_STAMP : textOrNull(timestamp),
    paths: given['path'] === true,
  };
}

function moment(name: string, text: unknown, nowMs: number): bigint | null {
  if (typeof text !== 'string') return null;
  const atMs = parseMoment(text, nowMs);
  if (atMs === null) throw usage(`--${name}: expected ${MOMENT_WORDS}, got "${text}"`);
  return BigInt(Math.round(atMs * 1000)) * 1000n;
}

/** With a begin all lines from there on are wanted. */
function lines(text: unknown, begins: boolean): number | null {
  if (text === undefined) return begins ? null : DEFAULT_LINES;
  if (typeof text === 'string' && /^\d{1,9}$/.test(text)) return Math.min(Number(text), LINES_MAX);
  throw usage(`--lines: expected a whole number, got "${String(text)}"`);
}

function match(pattern: unknown): Match | null {
  if (typeof pattern !== 'string') return null;
  const found = parseMatch(pattern);
  if ('error' in found) throw usage(`--grep: ${found.error}`);
  return found;
}

function wantedStreams(out: boolean, error: boolean): LogOptions['wants'] {
  if (out === error) return () => true;
  return (stream) => (stream === 'out') === out;
}

function highlight(text: unknown): string | null {
  if (text === '') throw usage('--highlight: expected a text, got ""');
  return textOrNull(text);
}

function formOf(given: Given, json: boolean): LogOptions['form'] {
  if (json) return 'json';
  if (given['format'] === true) return 'pairs';
  return given['raw'] === true ? 'raw' : 'text';
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function usage(message: string): PromvisorError {
  return new PromvisorError('USAGE', message);
}
