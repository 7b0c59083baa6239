import type { InstanceView } from '../../api/contract.ts';
import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { needTargets } from './targets.ts';

/**
 * `pid [TARGET]`: process ids, one a line, 0 for an instance without a process.
 * @param context of the command
 * @param targets operands; none means all
 * @returns 0
 * @throws PromvisorError NO_DAEMON, NOT_FOUND
 */
export async function pidCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const pids = (await byId(context, targets)).map(({ pid }) => pid ?? 0);
  if (context.json) writeJson(context, pids);
  else context.terminal.out(pids.map((pid) => `${pid}\n`).join(''));
  return 0;
}

/**
 * `id TARGET`: the ids of its instances, as PM2 prints them.
 * @param context of the command
 * @param targets operands
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND
 */
export async function idCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const ids = (await byId(context, needTargets('id', targets))).map(({ id }) => id);
  if (context.json) writeJson(context, ids);
  else context.terminal.out(ids.length === 0 ? '[]\n' : `[ ${ids.join(', ')} ]\n`);
  return 0;
}

async function byId(context: CliContext, targets: readonly string[]): Promise<readonly InstanceView[]> {
  return [...(await reader(context).instances(targets))].sort((a, b) => a.id - b.id);
}
