/** How far into a line a level is looked for. */
const HEAD_BYTES = 1024;
const WORD_BYTES = 80;
const OPEN_BRACE = 0x7b;
const LEVEL_KEY = '"level":';

/** https://github.com/pinojs/pino/blob/main/docs/api.md#logger-level: bunyan has the same. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

const BY_WORD: Readonly<Record<string, string>> = {
  trace: 'trace',
  silly: 'trace',
  verbose: 'debug',
  debug: 'debug',
  http: 'info',
  info: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  err: 'error',
  error: 'error',
  crit: 'fatal',
  critical: 'fatal',
  fatal: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
  panic: 'fatal',
};

const WORDS = 'TRACE|DEBUG|VERBOSE|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|FATAL|PANIC';
/** A date and what stands around it, as `log_date_format` and many loggers put it first. */
const DATE = String.raw`(?:[[(]?\d{2,4}[\d\-/.:,TZ+ ]*[\])]?[\s:|-]*)?`;
/** In capitals anywhere there, or in any case where brackets or a colon say that it is no word of a sentence. */
const UPPER = new RegExp(`^${DATE}[[(<]?(${WORDS})\\b`);
const MARKED = new RegExp(`^${DATE}(?:[[(<](${WORDS})[\\])>]|(${WORDS}):)`, 'i');
const VALUE = /^\s*(?:"([A-Za-z]+)"|(\d+))/;

/**
 * Recognises the level of a line without parsing it: the key `level` of a JSON line (pino, bunyan, winston), else a word
 * at the begin.
 * @param line bytes with the line in them
 * @param start where it begins
 * @param end where it ends
 * @returns trace, debug, info, warn, error or fatal; null when the line does not tell
 */
export function levelOf(line: Buffer, start: number, end: number): string | null {
  if (line[start] === OPEN_BRACE) return levelOfJson(line.toString('latin1', start, Math.min(end, start + HEAD_BYTES)));
  const head = line.toString('latin1', start, Math.min(end, start + WORD_BYTES));
  const [, upper] = UPPER.exec(head) ?? [];
  const [, bracketed, named] = upper === undefined ? (MARKED.exec(head) ?? []) : [];
  const word = upper ?? bracketed ?? named;
  return word === undefined ? null : (BY_WORD[word.toLowerCase()] ?? null);
}

function levelOfJson(head: string): string | null {
  const at = head.indexOf(LEVEL_KEY);
  if (at < 0) return null;
  const [, word, number] = VALUE.exec(head.slice(at + LEVEL_KEY.length, at + LEVEL_KEY.length + 20)) ?? [];
  if (number !== undefined) return BY_NUMBER[number] ?? null;
  return word === undefined ? null : (BY_WORD[word.toLowerCase()] ?? null);
}
