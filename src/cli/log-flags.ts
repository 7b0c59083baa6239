/** The options of `logs`, as the parser of command lines writes them, and what they are for. */
export const LOG_FLAGS: readonly (readonly [flags: string, about: string])[] = [
  ['--lines <number>', 'how many last lines of each file (15; with --since all)'],
  ['--since <time>', 'lines from then on: 10m, 2h, 3d, "2026-11-25 14:00", Unix seconds'],
  ['--until <time>', 'lines up to then, and no new ones'],
  ['--grep <pattern>', 'only lines with this text, or /regex/'],
  ['--follow', 'wait for new lines, which is done anyway without --nostream and --until'],
  ['--nostream', 'do not wait for new lines'],
  ['--out', 'only stdout'],
  ['--err', 'only stderr'],
  ['--highlight <text>', 'make this text stand out'],
  ['--raw', 'lines as they were written; those of stderr go to stderr'],
  ['--format', 'lines as timestamp=… app=… id=… type=… message=…'],
  ['--timestamp [format]', 'put the time before each line'],
  ['--path', 'print where the files are'],
];

/** A command line of `logs` that was understood. */
export interface LogsCall {
  readonly targets: readonly string[];
  /** Values by the names of options, those of every command too. */
  readonly options: Readonly<Record<string, string | boolean>>;
}

const EVERY_COMMAND: Readonly<Record<string, readonly [name: string, value: boolean]>> = {
  '--json': ['json', true],
  '-s': ['silent', true],
  '--silent': ['silent', true],
  '--no-color': ['color', false],
};

/**
 * Understands a command line of `logs` without the parser, which costs more than to find the last lines in 2 GB.
 * @param argv arguments after the program's name
 * @returns the call; null for another command, and for whatever needs the parser: help, mistakes
 */
export function logsCall(argv: readonly string[]): LogsCall | null {
  const targets: string[] = [];
  const options: Record<string, string | boolean> = {};
  let named = false;
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const general = Object.hasOwn(EVERY_COMMAND, argument) ? EVERY_COMMAND[argument] : undefined;
    if (general !== undefined) options[general[0]] = general[1];
    else if (!argument.startsWith('-')) {
      if (named) targets.push(argument);
      else if (argument === 'logs' || argument === 'log') named = true;
      else return null;
    } else {
      const taken = named ? takeFlag(argument, argv[at + 1]) : null;
      if (taken === null) return null;
      options[taken.name] = taken.value;
      if (taken.tookNext) at++;
    }
  }
  return named ? { targets, options } : null;
}

interface Taken {
  readonly name: string;
  readonly value: string | boolean;
  readonly tookNext: boolean;
}

/** What follows a flag and begins with a dash may be a value or a flag: the parser knows. */
function takeFlag(argument: string, next: string | undefined): Taken | null {
  const equals = argument.indexOf('=');
  const flag = equals === -1 ? argument : argument.slice(0, equals);
  const [known, wants] = LOG_FLAGS.map(([flags]) => flags.split(' ')).find(([name]) => name === flag) ?? [];
  if (known === undefined) return null;
  const name = known.slice('--'.length);
  if (equals !== -1) return wants === undefined ? null : { name, value: argument.slice(equals + 1), tookNext: false };
  if (wants === undefined) return { name, value: true, tookNext: false };
  if (next !== undefined && !next.startsWith('-')) return { name, value: next, tookNext: true };
  // Flags of every command are taken out first: what follows them may be the value.
  if (wants.startsWith('<') || (next !== undefined && Object.hasOwn(EVERY_COMMAND, next))) return null;
  return { name, value: true, tookNext: false };
}
