import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { follow, writeOutcome } from '../progress.ts';
import { showList } from './list.ts';

/**
 * `scale TARGET N|+N|-N`: changes how many instances an app has; those that go finish what they serve first.
 * @param context of the command
 * @param operands target and number
 * @returns 0 when all new instances are up and all others gone, 1 otherwise
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND, REQUEST_INVALID
 */
export async function scaleCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  const [target, count] = operands;
  if (target === undefined || count === undefined || operands.length > 2) {
    throw new PromvisorError(
      'USAGE',
      `scale: expected a target and a number such as 4, +1 or -1, got "${operands.join(' ')}"`,
    );
  }
  const outcome = await follow(context, reader(context).scale({ target, count }), 'scaled');
  if (context.json) writeOutcome(context, outcome);
  await showList(context);
  return outcome.exitCode;
}
