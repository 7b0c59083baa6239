import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { showLive } from '../live-screen.ts';
import { byName, type ListOrder, renderList } from '../render/list.ts';
import { parseListOrder } from '../render/list-order.ts';
import { renderMiniList } from '../render/mini-list.ts';
import { listCommand, readState } from './list.ts';

type Options = Readonly<Record<string, unknown>>;

const REFRESH_MS = 1000;

/**
 * `list` with flags: another order, blocks instead of a table, or drawn again every second.
 * @param context of the command
 * @param _operands none
 * @param options `--sort`, `--mini-list`, `--watch`
 * @returns 0
 * @throws PromvisorError USAGE for an order that there is not
 */
export async function listMoreCommand(
  context: CliContext,
  _operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const { sort, miniList, watch } = options;
  const order = typeof sort === 'string' ? parseListOrder(sort) : byName;
  if (context.json) return listJson(context, order);
  if (miniList === true) return miniListCommand(context, order);
  if (watch === true) {
    await showLive(context.terminal, REFRESH_MS, (width) => drawn(context, order, width));
    return 0;
  }
  if (typeof sort !== 'string') return listCommand(context);
  if (!context.silent) context.terminal.out(await drawn(context, order, context.terminal.width));
  return 0;
}

async function listJson(context: CliContext, order: ListOrder): Promise<ExitCode> {
  writeJson(context, [...((await readState(context))?.instances ?? [])].sort(order));
  return 0;
}

async function miniListCommand(context: CliContext, order: ListOrder): Promise<ExitCode> {
  const views = await allDescribed(context);
  if (!context.silent) {
    context.terminal.out(renderMiniList({ views: [...views].sort(order), nowMs: context.nowMs() }));
  }
  return 0;
}

async function allDescribed(context: CliContext) {
  try {
    return await reader(context).describe([]);
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return [];
    throw error;
  }
}

async function drawn(context: CliContext, order: ListOrder, width: number): Promise<string> {
  const state = await readState(context);
  return renderList({
    instances: state?.instances ?? [],
    version: state?.daemon?.version ?? null,
    http: state?.daemon?.http ?? null,
    nowMs: context.nowMs(),
    width,
    paint: context.terminal.paint,
    order,
  });
}
