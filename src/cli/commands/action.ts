import type { Client } from '../../api/client.ts';
import type { Action, ActionRequest } from '../../api/contract.ts';
import { PromvisorError } from '../../base/errors.ts';
import type { AppSpec } from '../../core/spec.ts';
import { isConfig, loadApps, refuseConfigFlags } from '../app-sources.ts';
import { attachLogs } from '../attach-logs.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { withoutPaths } from '../path-targets.ts';
import { follow, type Outcome, writeOutcome } from '../progress.ts';
import type { Done } from '../render/progress.ts';
import { updatedEnv } from '../shell-env.ts';
import { specChanges } from '../spec-changes.ts';
import { starter } from '../starter.ts';
import { showList } from './list.ts';
import { needTargets } from './targets.ts';

type Options = Readonly<Record<string, unknown>>;

export interface ActionCall {
  readonly action: Exclude<Action, 'start'>;
  readonly done: Done;
  readonly targets: readonly string[];
  readonly options: Options;
}

/**
 * `restart`, `reload`, `stop`, `delete`, `reset`: one action on all instances that the targets select.
 * @param context of the command
 * @param call the action, its word, targets and flags
 * @returns 0 when all did it, 1 otherwise
 * @throws PromvisorError USAGE, NO_DAEMON, NOT_FOUND, CONFIG_*
 */
export async function actionCommand(context: CliContext, call: ActionCall): Promise<ExitCode> {
  const targets = needTargets(call.action, call.targets);
  refuseAppArgs(context, call.action);
  const configs = call.action === 'reset' ? [] : targets.filter((target) => isConfig(target, context.cwd));
  const named = targets.filter((target) => !configs.includes(target));
  const [name] = named;
  if (name !== undefined) refuseConfigFlags(name, call.options);
  const apps: AppSpec[] = [];
  for (const config of configs) apps.push(...(await loadApps(context, config, call.options)).apps);
  const applies = call.action === 'restart' || call.action === 'reload';

  const outcomes: Outcome[] = [];
  const parallel = parallelOf(call);
  if ((call.action === 'restart' || call.action === 'reload') && apps.length > 0) {
    const client = await starter(context);
    const request = { apps, onExisting: call.action, ...parallel };
    outcomes.push(await follow(context, client.start(request), call.done));
  }
  const client = reader(context);
  const configured = applies ? [] : await idsOf(client, apps);
  const selected = [...(await withoutPaths(client, named, context.cwd)), ...configured];
  if (selected.length > 0) {
    const request = { action: call.action, targets: selected, ...parallel, ...(await changesOf(context, call)) };
    outcomes.push(await follow(context, client.action(request), call.done));
  }
  const exitCode = Math.max(...outcomes.map((outcome) => outcome.exitCode));
  const instances = outcomes.flatMap((outcome) => outcome.instances);
  if (context.json) writeOutcome(context, { exitCode, instances });
  await showList(context);
  await attachLogs(context, call.options, instances);
  return exitCode;
}

function refuseAppArgs({ appArgs }: CliContext, action: Action): void {
  if (appArgs.length === 0 || action === 'restart' || action === 'reload') return;
  throw new PromvisorError(
    'USAGE',
    `--: expected arguments for an app only after start, restart and reload, not ${action}`,
  );
}

/** The instances of the apps of a config file, by id: their names could be ids of others. */
async function idsOf(client: Client, apps: readonly AppSpec[]): Promise<string[]> {
  if (apps.length === 0) return [];
  const instances = await client.instances();
  const found = instances.filter(({ app, namespace }) => {
    return apps.some((spec) => spec.name === app && spec.namespace === namespace);
  });
  if (found.length > 0) return found.map(({ id }) => String(id));
  throw new PromvisorError('NOT_FOUND', `no instance of ${apps.map(({ name }) => `"${name}"`).join(', ')}`);
}

function parallelOf({ action, options }: ActionCall): Pick<ActionRequest, 'parallel'> {
  const { parallel } = options;
  if (parallel === undefined || (action !== 'reload' && action !== 'restart')) return {};
  const given = String(parallel);
  if (/^[1-9]\d{0,2}$/.test(given)) return { parallel: Number(given) };
  throw new PromvisorError('USAGE', `--parallel: expected a whole number from 1 to 999, got "${given}"`);
}

async function changesOf(
  context: CliContext,
  { action, options }: ActionCall,
): Promise<Pick<ActionRequest, 'env' | 'watch' | 'changes'>> {
  if (action === 'stop') return options['watch'] === undefined ? {} : { watch: 'off' };
  if (action !== 'restart' && action !== 'reload') return {};
  const watch = action === 'restart' && options['watch'] !== undefined ? { watch: 'toggle' as const } : {};
  return { ...(await updatedEnv(context, options)), ...(await specChanges(context, options, action)), ...watch };
}
