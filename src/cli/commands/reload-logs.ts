import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';

/**
 * `reloadLogs`: opens all log files anew by their names.
 * @param context of the command
 * @returns 0
 * @throws PromvisorError NO_DAEMON
 */
export async function reloadLogsCommand(context: CliContext): Promise<ExitCode> {
  const files = await reader(context).reloadLogs();
  if (context.json) writeJson(context, { files });
  say(context, files.length === 0 ? 'no log files' : `opened ${files.length} log files anew`);
  return 0;
}
