import { inspect } from 'node:util';
import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';

/**
 * `jlist`: PM2's list as JSON, without a newline at its end; empty without a daemon.
 * @param context of the command
 * @returns 0
 */
export async function jlistCommand(context: CliContext): Promise<ExitCode> {
  context.terminal.out(await jlistText(context));
  return 0;
}

/**
 * `prettylist`: the same as JavaScript, which scripts of PM2 users grep.
 * @param context of the command
 * @returns 0
 */
export async function prettylistCommand(context: CliContext): Promise<ExitCode> {
  const text = await jlistText(context);
  context.terminal.out(context.json ? text : inspect(JSON.parse(text), false, null, false));
  return 0;
}

async function jlistText(context: CliContext): Promise<string> {
  try {
    return await reader(context).jlistText();
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return '[]';
    throw error;
  }
}
