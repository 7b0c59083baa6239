import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { follow, writeOutcome } from '../progress.ts';
import { starter } from '../starter.ts';
import { showList } from './list.ts';

type Options = Readonly<Record<string, unknown>>;

/**
 * `save`: writes the list as it is, for `resurrect`.
 * @param context of the command
 * @param _operands none
 * @param options `--force`: also when the list is empty
 * @returns 0, also for an empty list that was not written
 * @throws PromvisorError NO_DAEMON, STATE_NEWER, DUMP_UNREADABLE, HOME_UNUSABLE
 */
export async function saveCommand(
  context: CliContext,
  _operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const view = await reader(context).save(options['force'] === true);
  if (context.json) writeJson(context, view);
  const { file, saved, instances, apps } = view;
  if (saved) say(context, `saved ${count(instances, 'instance')} of ${count(apps, 'app')} in ${file}`);
  else context.terminal.err(`promvisor: nothing was saved, as the list is empty; --force saves it all the same\n`);
  return 0;
}

/**
 * `resurrect`: brings back the instances of the last save that are not on the list.
 * @param context of the command
 * @returns 0 when all are as they were, 1 otherwise
 * @throws PromvisorError NOT_FOUND without a save; DUMP_UNREADABLE, STATE_NEWER, DAEMON_START_FAILED
 */
export async function resurrectCommand(context: CliContext): Promise<ExitCode> {
  const client = await starter(context);
  const outcome = await follow(context, client.resurrect(), 'resurrected');
  if (context.json) writeOutcome(context, outcome);
  if (outcome.instances.length === 0) say(context, 'nothing is missing: all that was saved is on the list');
  await showList(context);
  return outcome.exitCode;
}

/**
 * `cleardump`: forgets what was saved; the file before it stays beside it.
 * @param context of the command
 * @returns 0
 * @throws PromvisorError HOME_UNUSABLE, DAEMON_START_FAILED
 */
export async function clearDumpCommand(context: CliContext): Promise<ExitCode> {
  const view = await (await starter(context)).clearDump();
  if (context.json) writeJson(context, view);
  say(context, `${view.file} is empty now; the one before is ${view.file}.previous`);
  return 0;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
