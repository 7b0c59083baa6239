import { createClient } from '../../api/client.ts';
import { type CliContext, type ExitCode, writeJson } from '../context.ts';

/**
 * `ping`: whether a daemon answers; it starts none, whatever the last one left.
 * @param context of the command
 * @returns 0
 * @throws PromvisorError NO_DAEMON
 */
export async function pingCommand(context: CliContext): Promise<ExitCode> {
  const ping = await createClient(context.home.socket).ping();
  if (context.json) writeJson(context, ping);
  else if (!context.silent) context.terminal.out("{ msg: 'pong' }\n");
  return 0;
}
