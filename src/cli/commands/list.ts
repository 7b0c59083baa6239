import type { FleetView } from '../../api/contract.ts';
import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { renderList } from '../render/list.ts';

/**
 * `list`: every instance in a table; empty without a daemon.
 * @param context of the command
 * @returns 0
 */
export async function listCommand(context: CliContext): Promise<ExitCode> {
  const state = await readState(context);
  if (context.json) writeJson(context, state?.instances ?? []);
  else if (!context.silent) context.terminal.out(tableOf(context, state));
  return 0;
}

/**
 * The table after a command that changed something.
 * @param context of the command
 */
export async function showList(context: CliContext): Promise<void> {
  if (!context.json && !context.silent) context.terminal.out(tableOf(context, await readState(context)));
}

/**
 * Asks the daemon for what the table shows.
 * @param context of the command
 * @returns null without a daemon
 */
export async function readState(context: CliContext): Promise<FleetView | null> {
  const client = reader(context);
  try {
    const fleet = await client.fleet();
    return fleet.daemon === undefined ? { ...fleet, daemon: await client.ping() } : fleet;
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return null;
    throw error;
  }
}

function tableOf({ terminal, nowMs }: CliContext, state: FleetView | null): string {
  return renderList({
    instances: state?.instances ?? [],
    version: state?.daemon?.version ?? null,
    http: state?.daemon?.http ?? null,
    nowMs: nowMs(),
    width: terminal.width,
    paint: terminal.paint,
  });
}
