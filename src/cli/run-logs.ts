import { logsCommand } from './commands/logs.ts';
import type { ExitCode } from './context.ts';
import { createContext, execute } from './execute.ts';
import type { LogsCall } from './log-flags.ts';

/**
 * Runs `logs`.
 * @param argv arguments after the program's name
 * @param call what they mean
 * @returns the exit code for the process
 */
export function runLogs(argv: readonly string[], { targets, options }: LogsCall): Promise<ExitCode> {
  return execute(argv, () => logsCommand(createContext(options, []), targets, options));
}
