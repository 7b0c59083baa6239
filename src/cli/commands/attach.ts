import { createInterface } from 'node:readline';
import { messageOf } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { logsCommand } from './logs.ts';
import { needTargets } from './targets.ts';

/**
 * `attach TARGET`: shows what apps write from now on, and gives them the lines that are typed, until Ctrl-C or Ctrl-D.
 * The apps run on.
 * @param context of the command
 * @param targets operands
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND
 */
export async function attachCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const client = reader(context);
  const ids = (await client.instances(needTargets('attach', targets))).map(({ id }) => String(id));
  const typed = createInterface({ input: process.stdin });
  // One after another, in the order in which they were typed.
  let sent = Promise.resolve();
  typed.on('line', (line) => {
    sent = sent
      .then(async () => void (await client.sendLine({ targets: ids, line })))
      .catch((error) => context.terminal.err(`promvisor: not sent: ${messageOf(error)}\n`));
  });
  // Whoever has nothing more to say at a terminal has seen enough; what comes through a pipe may want its answers.
  if (process.stdin.isTTY) typed.on('close', () => process.emit('SIGINT', 'SIGINT'));
  try {
    return await logsCommand(context, ids, { lines: '0', follow: true });
  } finally {
    typed.close();
    await sent;
  }
}
