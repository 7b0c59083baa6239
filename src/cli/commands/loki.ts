import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { renderLokiStatus, renderLokiTest } from '../render/loki.ts';

/**
 * `loki status`: what is shipped, what waits. `loki test`: sends one line and tells what happened.
 * @param context of the command
 * @param operands `status` or `test`
 * @returns 0; for `test` 1 when Loki did not take the line
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_SUPPORTED when nothing is shipped and `test` is asked for
 */
export async function lokiCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  const [what, ...more] = operands;
  if (more.length > 0 || (what !== 'status' && what !== 'test')) {
    throw new PromvisorError('USAGE', `loki: expected "status" or "test", got "${operands.join(' ')}"`);
  }
  const { out, width, paint } = context.terminal;
  if (what === 'status') {
    const view = await reader(context).lokiStatus();
    if (context.json) writeJson(context, view);
    else out(renderLokiStatus({ view, nowMs: context.nowMs(), width, paint }));
    return 0;
  }
  const view = await reader(context).lokiTest();
  if (context.json) writeJson(context, view);
  else out(renderLokiTest({ view, width, paint }));
  return view.ok ? 0 : 1;
}
