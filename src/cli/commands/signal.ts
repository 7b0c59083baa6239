import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { needTargets } from './targets.ts';

/**
 * `sendSignal SIGNAL TARGET...`: signals processes.
 * @param context of the command
 * @param operands the signal, then targets
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND, REQUEST_INVALID for an unknown signal
 */
export async function signalCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  const [signal = '', ...targets] = operands;
  const signalled = await reader(context).signal({ signal, targets: needTargets('sendSignal', targets) });
  if (context.json) writeJson(context, { signalled });
  say(context, `${signal} sent to ${signalled} ${signalled === 1 ? 'process' : 'processes'}`);
  return 0;
}
