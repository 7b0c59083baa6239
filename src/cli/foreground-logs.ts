import { type Client, createClient } from '../api/client.ts';
import { PromvisorError } from '../base/errors.ts';
import { showLogs } from './commands/logs.ts';
import type { CliContext } from './context.ts';
import { readLogOptions } from './log-options.ts';

/** The time of a line in a file may be told so much too early: src/logs/time-index.ts. */
const MARK_MS = 50;

export interface ForegroundLogs {
  /** Of the instances. */
  readonly ids: readonly number[];
  /** Unix milliseconds before they were started: what they have written since comes first. */
  readonly sinceMs: number;
  /** Aborted when nobody reads on. */
  readonly unread: AbortSignal;
}

/**
 * `--no-daemon`: prints what instances write, until the daemon ends or nobody reads on. What cannot be printed is in the
 * files, and is no reason to end the daemon.
 * @param context of the command
 * @param logs which, from when, until when
 */
export async function foregroundLogs(context: CliContext, { ids, sinceMs, unread }: ForegroundLogs): Promise<void> {
  if (ids.length === 0) return;
  // Another daemon would not be this one.
  const client = createClient(context.home.socket);
  const run = { context, client, targets: ids.map(String), interrupted: unread };
  let fromMs = sinceMs - MARK_MS;
  for (;;) {
    const options = readLogOptions({ since: String(fromMs) }, { json: context.json, nowMs: fromMs });
    try {
      await showLogs({ ...run, options });
      // Nobody reads on, or the daemon has gone before it could be followed: to try again would be without end.
      return;
    } catch (error) {
      if (unread.aborted) return;
      if (!(error instanceof PromvisorError)) throw error;
      if (error.code !== 'PROTOCOL' || !(await answers(client))) return;
    }
    fromMs = context.nowMs();
    context.terminal.err('promvisor: lines are left out here, as they were read too slowly; the files have them all\n');
  }
}

/** Whether the daemon goes on: then it has only ended the stream. */
function answers(client: Client): Promise<boolean> {
  return client.ping().then(
    () => true,
    () => false,
  );
}
