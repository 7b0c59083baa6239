import type { ExitCode } from './context.ts';
import { createContext, execute } from './execute.ts';
import { runProgram } from './program.ts';

/**
 * Runs any command line.
 * @param argv arguments after the program's name
 * @returns the exit code for the process
 */
export function run(argv: readonly string[]): Promise<ExitCode> {
  const split = argv.indexOf('--');
  const own = split === -1 ? argv : argv.slice(0, split);
  const appArgs = split === -1 ? [] : argv.slice(split + 1);
  return execute(own, () => runProgram(own, (options) => createContext(options, appArgs)));
}
