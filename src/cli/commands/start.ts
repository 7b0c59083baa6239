import type { Client } from '../../api/client.ts';
import { findDaemon } from '../../api/connect.ts';
import type { StartRequest } from '../../api/contract.ts';
import { PromvisorError } from '../../base/errors.ts';
import { type AppSource, defaultConfig, isConfig, isFilePath, loadApps, refuseConfigFlags } from '../app-sources.ts';
import { attachLogs } from '../attach-logs.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { outliveReader } from '../execute.ts';
import { foregroundLogs } from '../foreground-logs.ts';
import { follow, type Outcome, writeOutcome } from '../progress.ts';
import type { InstanceProgress } from '../render/progress.ts';
import { updatedEnv } from '../shell-env.ts';
import { specChanges } from '../spec-changes.ts';
import { starter } from '../starter.ts';
import { foregroundCommand } from './foreground.ts';
import { showList } from './list.ts';

type Options = Readonly<Record<string, unknown>>;

/**
 * `start [WHAT...]`: names, ids and patterns of known apps are started again; scripts, shell lines and config files
 * become apps.
 * @param context of the command
 * @param operands as written; none means the config file of the folder
 * @param options flags of `start`
 * @returns 0 when all are up, 1 otherwise
 * @throws PromvisorError CONFIG_*, USAGE, ALREADY_RUNNING, DAEMON_START_FAILED
 */
export async function startCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const work = async (goOn: (instances: readonly InstanceProgress[]) => Promise<void>) => {
    const { exitCode, instances } = await startAll(
      context,
      operands.length > 0 ? operands : [defaultConfig(context.cwd)],
      options,
    );
    await goOn(instances);
    return exitCode;
  };
  if (options['daemon'] !== false) return work((instances) => attachLogs(context, options, instances));
  // A reader that goes away does not leave a daemon behind that nobody waits for.
  const unread = outliveReader();
  return foregroundCommand(context, () => {
    const sinceMs = context.nowMs();
    return work((instances) => foregroundLogs(context, { ids: instances.map(({ id }) => id), sinceMs, unread }));
  });
}

async function startAll(context: CliContext, operands: readonly string[], options: Options): Promise<Outcome> {
  const known: string[] = [];
  const sources: AppSource[] = [];
  // It answers while the files are read.
  const found = findDaemon(context.home);
  // Everything is read before anything is started.
  for (const operand of operands) {
    if (await isKnown(context, operand, options)) {
      refuseConfigFlags(operand, options);
      known.push(operand);
    } else sources.push(await loadApps(context, operand, options));
  }
  const client = (await found) ?? (await starter(context));
  const outcomes: Outcome[] = [];
  if (known.length > 0) outcomes.push(await startKnown(context, client, { known, options }));
  for (const request of requestsOf(sources, options['force'] === true)) {
    outcomes.push(await follow(context, client.start(request), 'started'));
  }
  const exitCode = Math.max(...outcomes.map((outcome) => outcome.exitCode));
  const instances = outcomes.flatMap((outcome) => outcome.instances);
  if (context.json) writeOutcome(context, { exitCode, instances });
  await showList(context);
  return { exitCode, instances };
}

/** Whether the operand selects instances that the daemon has. */
async function isKnown(context: CliContext, operand: string, options: Options): Promise<boolean> {
  if (operand === 'all') return true;
  if (options['force'] === true || isConfig(operand, context.cwd) || isFilePath(operand, context.cwd)) return false;
  try {
    return (await reader(context).instances([operand])).length > 0;
  } catch (error) {
    if (error instanceof PromvisorError && ['NO_DAEMON', 'NOT_FOUND', 'REQUEST_INVALID'].includes(error.code))
      return false;
    throw error;
  }
}

async function startKnown(
  context: CliContext,
  client: Client,
  { known, options }: { readonly known: readonly string[]; readonly options: Options },
): Promise<Outcome> {
  const watch = options['watch'] === undefined ? {} : { watch: 'toggle' as const };
  const more = { ...(await updatedEnv(context, options)), ...(await specChanges(context, options, 'start')), ...watch };
  return follow(context, client.action({ action: 'restart', targets: known, ...more }), 'restarted');
}

/** A script that runs already is refused, as a second start of it is most often a slip; a config file is applied. */
function requestsOf(sources: readonly AppSource[], force: boolean): StartRequest[] {
  const scripts = sources.filter(({ fromConfig }) => !fromConfig).flatMap(({ apps }) => apps);
  const configured = sources.filter(({ fromConfig }) => fromConfig).flatMap(({ apps }) => apps);
  const requests: StartRequest[] = [];
  if (configured.length > 0) requests.push({ apps: configured, onExisting: 'restart' });
  if (scripts.length > 0) requests.push({ apps: scripts, onExisting: force ? 'add' : 'refuse' });
  return requests;
}
