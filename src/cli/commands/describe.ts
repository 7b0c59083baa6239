import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { renderDescribe } from '../render/describe.ts';
import { needTargets } from './targets.ts';

/**
 * `describe TARGET...`: everything about each instance.
 * @param context of the command
 * @param targets operands
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND
 */
export async function describeCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const views = await reader(context).describe(needTargets('describe', targets));
  const { out, width, paint } = context.terminal;
  if (context.json) writeJson(context, views);
  else for (const view of views) out(renderDescribe({ view, nowMs: context.nowMs(), width, paint }));
  return 0;
}
