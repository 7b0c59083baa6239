import { logsCommand } from './commands/logs.ts';
import type { CliContext } from './context.ts';
import type { InstanceProgress } from './render/progress.ts';

/**
 * `--attach`: goes on with the output of the instances that a command was about, until Ctrl-C.
 * @param context of the command
 * @param options `--attach`; nothing happens without it
 * @param instances that the command told of
 */
export async function attachLogs(
  context: CliContext,
  options: Readonly<Record<string, unknown>>,
  instances: readonly InstanceProgress[],
): Promise<void> {
  if (options['attach'] !== true || instances.length === 0) return;
  await logsCommand(
    context,
    instances.map(({ id }) => String(id)),
    {},
  );
}
