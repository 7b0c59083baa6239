import path from 'node:path';
import { problemOf } from '../api/problem.ts';
import { ERROR_CODES, errnoOf, PromvisorError } from '../base/errors.ts';
import { homeOf } from '../base/paths.ts';
import type { CliContext, ExitCode, GlobalOptions } from './context.ts';
import { renderError } from './render/error.ts';
import { processTerminal } from './terminal.ts';

/**
 * Runs a command to its exit code: errors are told, never thrown.
 * @param argv arguments, to know how errors are wanted
 * @param work the command
 * @returns the exit code for the process
 */
export async function execute(argv: readonly string[], work: () => Promise<ExitCode>): Promise<ExitCode> {
  process.stdout.on('error', endOnWriteError);
  try {
    return await work();
  } catch (error) {
    return fail(error, argv);
  }
}

/**
 * Makes what every command has.
 * @param options global options
 * @param appArgs what followed `--`
 * @returns the context of this process
 * @throws PromvisorError HOME_UNUSABLE
 */
export function createContext(options: GlobalOptions, appArgs: readonly string[]): CliContext {
  const { env } = process;
  return {
    home: homeOf(env),
    env,
    cwd: process.cwd(),
    // The bundles stand side by side.
    daemonFile: path.join(import.meta.dirname, 'daemon.cjs'),
    terminal: processTerminal(env, options.color === false),
    json: options.json === true,
    silent: options.silent === true || isSet(env['PROMVISOR_SILENT']),
    appArgs,
    nowMs: Date.now,
  };
}

/**
 * From here on the command goes on when nobody reads its stdout any more.
 * @returns aborted once that is so
 */
export function outliveReader(): AbortSignal {
  const gone = new AbortController();
  // All: the one that ends the process may be of another bundle.
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => gone.abort());
  return gone.signal;
}

function endOnWriteError(error: Error): void {
  // A reader that has seen enough (`| head`) is no failure.
  if (errnoOf(error) === 'EPIPE') process.exit(0);
  process.stderr.write(`promvisor: stdout cannot be written: ${error.message}\n`);
  process.exit(1);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

function fail(error: unknown, argv: readonly string[]): ExitCode {
  const problem = problemOf(error);
  const asJson = argv.includes('--json');
  const { paintError, err } = processTerminal(process.env, argv.includes('--no-color'));
  // What is no error of ours is a defect: its stack is what a report of it needs.
  const stack = error instanceof PromvisorError || !(error instanceof Error) ? null : (error.stack ?? null);
  err(asJson ? `${JSON.stringify(problem)}\n` : renderError({ problem, stack, paint: paintError }));
  return ERROR_CODES[problem.code];
}
