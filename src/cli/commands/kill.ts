import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { pingIfAny, waitUntilGone } from '../daemon-process.ts';
import { follow } from '../progress.ts';

/**
 * `kill`: stops every app, then the daemon, and returns when both are gone.
 * @param context of the command
 * @returns 0, also when no daemon runs; 1 when an app could not be stopped
 * @throws PromvisorError TIMED_OUT when the daemon does not end
 */
export async function killCommand(context: CliContext): Promise<ExitCode> {
  const client = reader(context);
  const ping = await pingIfAny(client);
  if (ping === null) {
    if (context.json) writeJson(context, { killed: false, pid: null });
    say(context, 'no daemon runs');
    return 0;
  }
  const { exitCode } = await follow(context, client.kill(), 'stopped');
  await waitUntilGone(ping.pid);
  if (context.json) writeJson(context, { killed: true, pid: ping.pid });
  say(context, `daemon ended (pid ${ping.pid})`);
  return exitCode;
}
