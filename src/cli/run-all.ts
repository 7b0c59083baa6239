import type { Problem } from '../api/contract.ts';
import { problemOf } from '../api/problem.ts';
import { ERROR_CODES } from '../base/errors.ts';
import type { ExitCode } from './context.ts';
import { createContext } from './execute.ts';
import { runProgram } from './program.ts';
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

/** What a command has said, and how it ended. */
export interface CommandData {
  readonly exitCode: ExitCode;
  /** JSON, empty where the command has none. */
  readonly out: string;
  readonly err: string;
  /** Null when it ran to its end. */
  readonly problem: Problem | null;
}

/**
 * Runs any command line as with `--json`, and prints nothing.
 * @param argv arguments after the program's name, without `--` and what follows
 * @param appArgs what follows it
 * @returns what it would have printed; errors are data as well
 */
export async function runForData(argv: readonly string[], appArgs: readonly string[]): Promise<CommandData> {
  let out = '';
  let err = '';
  const keep = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  };
  const makeContext = () => {
    const context = createContext({ color: false }, appArgs);
    return { ...context, json: true, silent: false, terminal: { ...context.terminal, live: false, ...keep } };
  };
  try {
    const exitCode = await runProgram(argv, { makeContext, addMore: addRareCommands });
    return { exitCode, out, err, problem: null };
  } catch (error) {
    const problem = problemOf(error);
    return { exitCode: ERROR_CODES[problem.code], out: '', err, problem };
  }
}
