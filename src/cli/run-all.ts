import type { ExitCode } from './context.ts';
import { addRareCommands } from './rare-commands.ts';
import { runWith } from './run-with.ts';

/**
 * Runs any command line.
 * @param argv arguments after the program's name
 * @returns the exit code for the process
 */
export function runAll(argv: readonly string[]): Promise<ExitCode> {
  return runWith(argv, addRareCommands);
}
