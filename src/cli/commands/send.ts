import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';

/**
 * `send TARGET LINE...`: a line for the standard input of an app in fork mode.
 * @param context of the command
 * @param operands a target, then the words of the line
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND, NOT_SUPPORTED in cluster mode, TIMED_OUT when the app does not read
 */
export async function sendCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  const [target, ...words] = operands;
  if (target === undefined || words.length === 0) {
    throw new PromvisorError('USAGE', `send: expected a target and a line, got "${operands.join(' ')}"`);
  }
  const sent = await reader(context).sendLine({ targets: [target], line: words.join(' ') });
  if (context.json) writeJson(context, { sent });
  say(context, `sent to ${sent} ${sent === 1 ? 'process' : 'processes'}`);
  return 0;
}
