import { createClient } from '../../api/client.ts';
import type { PingView } from '../../api/contract.ts';
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
  else if (!context.silent) {
    context.terminal.out("{ msg: 'pong' }\n");
    // Scripts read the line above, people this one.
    if (context.terminal.live) context.terminal.err(`pid ${ping.pid}; ${afterCrash(ping)}\n`);
  }
  return 0;
}

function afterCrash({ restartedBy, unit }: PingView): string {
  return restartedBy === 'systemd'
    ? `after a crash systemd starts it again (${unit})`
    : 'after a crash the next command starts it again, or `promvisor startup` has the system do so';
}
