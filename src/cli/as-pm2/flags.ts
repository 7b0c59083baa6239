/** Flags of PM2 that take a value, that may take one, and that take none; by their long names. */
const WITH_VALUE = new Set([
  ...['name', 'instances', 'ignore-watch', 'watch-delay', 'ext', 'output', 'error', 'log-date-format', 'log-type'],
  ...['env', 'interpreter', 'interpreter-args', 'node-args', 'cwd', 'namespace', 'max-memory-restart', 'max-restarts'],
  ...['min-uptime', 'restart-delay', 'exp-backoff-restart-delay', 'kill-timeout', 'listen-timeout', 'stop-exit-codes'],
  ...['cron', 'cron-restart', 'parallel', 'only', 'pid', 'uid', 'gid', 'hp', 'service-name', 'sort', 'lines'],
  ...['highlight', 'port', 'basic-auth-username', 'basic-auth-password', 'since', 'until', 'grep'],
]);
const WITH_OR_WITHOUT = new Set(['watch', 'log', 'filter-env', 'timestamp', 'user']);
/** Those that may have a value. */
export const VALUED: readonly string[] = [...WITH_VALUE, ...WITH_OR_WITHOUT];
const SHORT: Readonly<Record<string, string>> = {
  s: 'silent',
  m: 'mini-list',
  n: 'name',
  i: 'instances',
  f: 'force',
  o: 'output',
  e: 'error',
  l: 'log',
  a: 'update-env',
  x: 'execute-command',
  k: 'kill-timeout',
  c: 'cron-restart',
  p: 'pid',
  u: 'user',
  w: 'write',
  d: 'spa',
  h: 'help',
  v: 'version',
  V: 'version',
};
/** Commands that take `--watch` as a switch, so that a name after it stays a name. */
const SWITCHES_WATCH = new Set(['stop', 'restart', 'reload', 'delete', 'del']);
/** What the personality itself does, or what only concerns PM2's own table. */
const OURS = new Set(['silent', 'mini-list', 'sort', 'attach', 'force', 'parallel', 'daemon', 'no-daemon']);

export interface Flag {
  readonly name: string;
  readonly value: string | true;
}

/** A command line of PM2, understood. */
export interface Pm2Call {
  /** As given, null for a line without a command. */
  readonly word: string | null;
  readonly operands: readonly string[];
  readonly flags: readonly Flag[];
  /** What followed `--`. */
  readonly appArgs: readonly string[];
  readonly argv: readonly string[];
}

/**
 * Understands a command line as PM2 does: every flag may stand anywhere, with every command.
 * @param argv arguments after the program's name
 */
export function readPm2Call(argv: readonly string[]): Pm2Call {
  const split = argv.indexOf('--');
  const own = split === -1 ? argv : argv.slice(0, split);
  const words: string[] = [];
  const flags: Flag[] = [];
  for (let at = 0; at < own.length; at++) {
    const argument = own[at] ?? '';
    const read = argument === '-' ? null : readFlag(argument, own[at + 1], words[0]);
    if (read === null) words.push(argument);
    else {
      flags.push(read.flag);
      if (read.tookNext) at++;
    }
  }
  const [word = null, ...operands] = words;
  return { word, operands, flags, appArgs: split === -1 ? [] : argv.slice(split + 1), argv };
}

interface ReadFlag {
  readonly flag: Flag;
  readonly tookNext: boolean;
}

function readFlag(argument: string, next: string | undefined, word: string | undefined): ReadFlag | null {
  const [, long, after] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
  if (long !== undefined) return after === undefined ? takeNext(long, next, word) : one(long, after);
  const [, short, attached] = /^-([A-Za-z])(.*)$/s.exec(argument) ?? [];
  if (short === undefined || attached === undefined) return null;
  const name = SHORT[short] ?? short;
  return attached === '' ? takeNext(name, next, word) : one(name, attached.replace(/^=/, ''));
}

function takeNext(name: string, next: string | undefined, word: string | undefined): ReadFlag {
  const isSwitch = name === 'watch' && SWITCHES_WATCH.has(word ?? '');
  const takes = WITH_VALUE.has(name) || (WITH_OR_WITHOUT.has(name) && !isSwitch && next?.startsWith('-') === false);
  return takes && next !== undefined ? { flag: { name, value: next }, tookNext: true } : one(name, true);
}

function one(name: string, value: string | true): ReadFlag {
  return { flag: { name, value }, tookNext: false };
}

/**
 * Looks for a flag.
 * @param call the command line
 * @param name long name
 * @returns its last value, true without one, undefined when it was not given
 */
export function flagOf({ flags }: Pm2Call, name: string): string | true | undefined {
  return flags.findLast((flag) => flag.name === name)?.value;
}

/**
 * Writes flags for a command of ours.
 * @param call the command line
 * @param wanted which of them; all that describe an app when left out
 * @returns arguments
 */
export function flagArgs({ flags }: Pm2Call, wanted?: readonly string[]): string[] {
  const passed = flags.filter(({ name }) => (wanted === undefined ? !OURS.has(name) : wanted.includes(name)));
  return passed.map(({ name, value }) => (value === true ? `--${name}` : `--${name}=${value}`));
}
