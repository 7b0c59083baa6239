import { createClient } from '../../api/client.ts';
import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { runMonit } from '../monit/run.ts';

/**
 * `monit`: the apps, and the log of one of them, on the whole terminal until q.
 * @param context of the command
 * @returns 0
 * @throws PromvisorError USAGE without a terminal, NO_DAEMON also when the daemon goes and does not come back
 */
export async function monitCommand(context: CliContext): Promise<ExitCode> {
  if (!context.terminal.live || process.stdin.isTTY !== true) {
    const message =
      'monit: expected a terminal on stdin and stdout; for scripts there are "promvisor list --json" and "promvisor describe"';
    throw new PromvisorError('USAGE', message);
  }
  // The first question may bring a new daemon for apps that were left; later ones only wait for one.
  const instances = await reader(context).instances();
  await runMonit({ context, client: createClient(context.home.socket), instances });
  return 0;
}
