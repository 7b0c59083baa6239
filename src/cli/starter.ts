import type { Client } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { type CliContext, say } from './context.ts';

/**
 * The daemon for commands that need one: it is started where none runs.
 * @param context of the command
 * @returns a client of a daemon that answered
 * @throws PromvisorError HOME_UNUSABLE, DAEMON_START_FAILED
 */
export async function starter(context: CliContext): Promise<Client> {
  const { client, ping, started } = await connect(context);
  if (started) say(context, `daemon started (pid ${ping.pid}, home ${ping.home})`);
  return client;
}
