import { flagOf } from './flags.ts';
import { rowsOf } from './row.ts';
import type { Stage } from './stage.ts';
import { listTable, miniList } from './tables.ts';

/**
 * `list`, and the table after whatever changes something.
 * @param stage of the command
 * @returns 0
 */
export async function list({ context, call, client, say }: Stage): Promise<number> {
  const { terminal } = context;
  const rows = await rowsOf(await client());
  const sort = flagOf(call, 'sort');
  const nowMs = context.nowMs();
  const width = terminal.live ? terminal.width : null;
  const text =
    flagOf(call, 'mini-list') === undefined
      ? listTable(rows, { nowMs, width, sort: typeof sort === 'string' ? sort : null })
      : miniList(rows, nowMs);
  if (text !== '') say(text.slice(0, -1));
  return 0;
}
