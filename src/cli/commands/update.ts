import { connect } from '../../api/connect.ts';
import { PromvisorError } from '../../base/errors.ts';
import { STATE_VERSION } from '../../base/version.ts';
import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { pingIfAny, waitUntilGone } from '../daemon-process.ts';
import { type Replaced, replacedText } from '../render/replaced.ts';
import { showList } from './list.ts';

/**
 * `update`: the daemon leaves, and one of the installed version takes over what it left. No app notices.
 * @param context of the command
 * @returns 0
 * @throws PromvisorError STATE_NEWER when the installed version is too old, and the daemon goes on;
 * NOT_SUPPORTED by a daemon that cannot hand over; TIMED_OUT, DAEMON_START_FAILED
 */
export async function updateCommand(context: CliContext): Promise<ExitCode> {
  const client = reader(context);
  const old = await pingIfAny(client);
  if (old !== null) {
    await client.leave(STATE_VERSION).catch((error: unknown) => {
      throw isUnknown(error) ? cannotHandOver(old.version) : error;
    });
    await waitUntilGone(old.pid);
  }
  const { ping } = await connect(context);
  const from = old === null ? null : { pid: old.pid, version: old.version };
  const replaced: Replaced = { from, to: { pid: ping.pid, version: ping.version }, adopted: ping.adopted };
  if (context.json) writeJson(context, replaced);
  say(context, replacedText(replaced));
  await showList(context);
  return 0;
}

function isUnknown(error: unknown): boolean {
  return error instanceof PromvisorError && error.code === 'NOT_FOUND';
}

function cannotHandOver(version: string): PromvisorError {
  const message = `the running daemon (${version}) cannot hand over its apps: expected one that knows "leave"; "promvisor kill" and "resurrect" replace it`;
  return new PromvisorError('NOT_SUPPORTED', message);
}
