import type { ExitCode } from './context.ts';
import { createContext, execute } from './execute.ts';
import { type ProgramOptions, runProgram } from './program.ts';

/**
 * Runs a command line.
 * @param argv arguments after the program's name
 * @param addMore adds commands to those that every bundle has
 * @returns the exit code for the process
 */
export function runWith(argv: readonly string[], addMore: ProgramOptions['addMore']): Promise<ExitCode> {
  const split = argv.indexOf('--');
  const own = split === -1 ? argv : argv.slice(0, split);
  const appArgs = split === -1 ? [] : argv.slice(split + 1);
  return execute(own, () => runProgram(own, { makeContext: (options) => createContext(options, appArgs), addMore }));
}
