import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';

/**
 * `ping`: whether a daemon answers.
 * @param context of the command
 * @returns 0
 * @throws PromvisorError NO_DAEMON
 */
export async function pingCommand(context: CliContext): Promise<ExitCode> {
  const ping = await reader(context).ping();
  if (context.json) writeJson(context, ping);
  else if (!context.silent) context.terminal.out("{ msg: 'pong' }\n");
  return 0;
}
