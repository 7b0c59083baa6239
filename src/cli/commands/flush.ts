import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';

/**
 * `flush [TARGET]`: empties log files.
 * @param context of the command
 * @param targets operands; none means all
 * @returns 0
 * @throws PromvisorError NO_DAEMON, NOT_FOUND
 */
export async function flushCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const files = await reader(context).flush(targets.length === 0 ? ['all'] : targets);
  if (context.json) writeJson(context, { files });
  for (const file of files) say(context, `emptied ${file}`);
  if (files.length === 0) say(context, 'nothing to empty');
  return 0;
}
