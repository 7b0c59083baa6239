import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { renderWhy } from '../render/why.ts';
import { needTargets } from './targets.ts';

/**
 * `why TARGET...`: what happened to each instance last.
 * @param context of the command
 * @param targets operands
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND
 */
export async function whyCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const views = await reader(context).why(needTargets('why', targets));
  if (context.json) {
    writeJson(context, views);
    return 0;
  }
  const { out, width, paint } = context.terminal;
  for (const [index, view] of views.entries()) {
    if (index > 0) out('\n');
    out(renderWhy({ view, nowMs: context.nowMs(), width, paint }));
  }
  return 0;
}
