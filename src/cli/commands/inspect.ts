import { PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { plain } from '../render/text.ts';
import { needTargets } from './targets.ts';

const SIGNAL = 'SIGUSR1';

/**
 * `inspect TARGET`: opens the inspector of running Node processes, on 127.0.0.1 only.
 * @param context of the command
 * @param targets operands
 * @returns 0
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND, NOT_SUPPORTED for a program that is no Node: the signal would end it
 * @see https://nodejs.org/en/learn/getting-started/debugging
 */
export async function inspectCommand(context: CliContext, targets: readonly string[]): Promise<ExitCode> {
  const client = reader(context);
  const views = await client.describe(needTargets('inspect', targets));
  const other = views.find(
    ({ spec: { process } }) => process.shellLine || !/(^|\/)node(js)?$/.test(process.interpreter),
  );
  if (other !== undefined) {
    throw new PromvisorError(
      'NOT_SUPPORTED',
      `inspect: expected a Node app, but ${plain(other.app)} is none, and ${SIGNAL} would end it`,
    );
  }
  const signalled = await client.signal({ signal: SIGNAL, targets: views.map(({ id }) => String(id)) });
  if (context.json) writeJson(context, { signalled });
  say(
    context,
    `${signalled} of ${views.length} told to open the inspector: chrome://inspect finds 127.0.0.1:9229 (the next ports for more of them)`,
  );
  say(context, `its address: promvisor logs ${targets.join(' ')} --err --nostream --grep "Debugger listening"`);
  return signalled === views.length ? 0 : 1;
}
