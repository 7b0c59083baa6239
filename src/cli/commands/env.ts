import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { plain } from '../render/text.ts';
import { needTargets } from './targets.ts';

/**
 * `env TARGET`: the environment of each instance, sorted.
 * @param context of the command
 * @param targets operands
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND
 */
export async function envCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const views = await reader(context).env(needTargets('env', targets));
  if (context.json) {
    writeJson(context, views);
    return 0;
  }
  const { out, paint } = context.terminal;
  for (const { id, app, env } of views) {
    if (views.length > 1) out(`${paint('bold', `${plain(app)} (id ${id})`)}\n`);
    for (const [name, value] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
      out(`${plain(name)}: ${plain(value)}\n`);
    }
  }
  return 0;
}
