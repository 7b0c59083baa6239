import { jlistCommand } from './commands/jlist.ts';
import { listCommand } from './commands/list.ts';
import { pingCommand } from './commands/ping.ts';
import type { CliContext, ExitCode, GlobalOptions } from './context.ts';

/**
 * Commands that scripts and people run all the time. Without anything but global flags they are run by a small
 * bundle of their own: the parser of command lines alone would cost them a fifth more CPU.
 */
const HOT_COMMANDS: Readonly<Record<string, (context: CliContext) => Promise<ExitCode>>> = {
  list: listCommand,
  ls: listCommand,
  l: listCommand,
  ps: listCommand,
  status: listCommand,
  jlist: jlistCommand,
  ping: pingCommand,
};

const HOT_FLAGS: Readonly<Record<string, GlobalOptions>> = {
  '--json': { json: true },
  '-s': { silent: true },
  '--silent': { silent: true },
  '--no-color': { color: false },
};

export interface HotCall {
  readonly run: (context: CliContext) => Promise<ExitCode>;
  readonly options: GlobalOptions;
}

/**
 * Recognises a command line that needs no parser.
 * @param argv arguments after the program's name
 * @returns what to run, null for everything else
 */
export function hotCall(argv: readonly string[]): HotCall | null {
  let run: HotCall['run'] | null = null;
  let options: GlobalOptions = {};
  for (const argument of argv) {
    if (Object.hasOwn(HOT_FLAGS, argument)) {
      options = { ...options, ...HOT_FLAGS[argument] };
      continue;
    }
    const found = Object.hasOwn(HOT_COMMANDS, argument) ? HOT_COMMANDS[argument] : undefined;
    if (found === undefined || run !== null) return null;
    run = found;
  }
  return run === null ? null : { run, options };
}
