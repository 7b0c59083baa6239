import type { ExitCode } from './context.ts';
import { runWith } from './run-with.ts';

/**
 * Runs a command line that begins with one of `COMMON_COMMANDS`.
 * @param argv arguments after the program's name
 * @returns the exit code for the process
 */
export function run(argv: readonly string[]): Promise<ExitCode> {
  return runWith(argv, () => {});
}
