import type { Problem } from '../api/contract.ts';
import { problemOf } from '../api/problem.ts';
import { ERROR_CODES } from '../base/errors.ts';
import type { ExitCode, GlobalOptions } from './context.ts';
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

/** How a command ended. */
export interface CommandEnd {
  readonly exitCode: ExitCode;
  /** Null when it ran to its end. */
  readonly problem: Problem | null;
}

/**
 * Runs any command line as it is, but what goes wrong is not told: it is data.
 * @param argv arguments after the program's name, without `--` and what follows
 * @param appArgs what follows it
 * @param err takes what goes to stderr
 * @returns how it ended
 * @throws what is a defect
 */
export async function runForEnd(
  argv: readonly string[],
  appArgs: readonly string[],
  err: (text: string) => void,
): Promise<CommandEnd> {
  const makeContext = (options: GlobalOptions) => {
    const context = createContext(options, appArgs);
    return { ...context, terminal: { ...context.terminal, err } };
  };
  try {
    return { exitCode: await runProgram(argv, { makeContext, addMore: addRareCommands }), problem: null };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.code === 'INTERNAL') throw error;
    return { exitCode: ERROR_CODES[problem.code], problem };
  }
}

/** What a command has said, and how it ended. */
export interface CommandData extends CommandEnd {
  /** JSON, empty where the command has none. */
  readonly out: string;
  readonly err: string;
}

/**
 * Runs any command line as with `--json`, and prints nothing.
 * @param argv arguments after the program's name, without `--` and what follows
 * @param appArgs what follows it
 * @param env further variables of the shell
 * @returns what it would have printed; errors are data as well
 */
export async function runForData(
  argv: readonly string[],
  appArgs: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandData> {
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
    const terminal = { ...context.terminal, live: false, ...keep };
    return { ...context, env: { ...context.env, ...env }, json: true, silent: false, terminal };
  };
  try {
    const exitCode = await runProgram(argv, { makeContext, addMore: addRareCommands });
    return { exitCode, out, err, problem: null };
  } catch (error) {
    const problem = problemOf(error);
    return { exitCode: ERROR_CODES[problem.code], out: '', err, problem };
  }
}
