import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { size } from '../render/units.ts';

/**
 * `flush [TARGET]`: empties log files and removes the rolled ones.
 * @param context of the command
 * @param targets operands; none means all
 * @returns 0
 * @throws PromvisorError NO_DAEMON, NOT_FOUND
 */
export async function flushCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const { files, freedBytes } = await reader(context).flush(targets.length === 0 ? ['all'] : targets);
  if (context.json) writeJson(context, { files, freedBytes });
  for (const file of files) say(context, `emptied ${file}`);
  say(context, files.length === 0 ? 'nothing to empty' : `${size(freedBytes)} freed`);
  return 0;
}
