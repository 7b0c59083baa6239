import type { InstanceView, PingView } from '../../api/contract.ts';
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

/** What a daemon says of itself and its instances. */
export interface ListState {
  readonly instances: readonly InstanceView[];
  readonly ping: PingView;
}

/**
 * Asks the daemon for what the table shows.
 * @param context of the command
 * @returns null without a daemon
 */
export async function readState(context: CliContext): Promise<ListState | null> {
  const client = reader(context);
  try {
    const [instances, ping] = await Promise.all([client.instances(), client.ping()]);
    return { instances, ping };
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return null;
    throw error;
  }
}

function tableOf({ terminal, nowMs }: CliContext, state: ListState | null): string {
  return renderList({
    instances: state?.instances ?? [],
    version: state?.ping.version ?? null,
    http: state?.ping.http ?? null,
    nowMs: nowMs(),
    width: terminal.width,
    paint: terminal.paint,
  });
}
