import { homedir } from 'node:os';
import path from 'node:path';
import { PromvisorError } from '../../base/errors.ts';
import { loadApps } from '../app-sources.ts';
import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { moveBack } from '../pm2/back.ts';
import { listOf, type Pm2Home, readPm2Dump, readPm2Home } from '../pm2/home.ts';
import { type Moved, moveApp } from '../pm2/move.ts';
import { type PlannedApp, planMove } from '../pm2/plan.ts';
import { processesOf } from '../pm2/process.ts';
import { pm2Command } from '../pm2/program.ts';
import { movedLine, planText } from '../render/migrate.ts';
import { starter } from '../starter.ts';
import { showList } from './list.ts';

type Options = Readonly<Record<string, unknown>>;

/**
 * `migrate pm2 [ECOSYSTEM]`: moves the apps of PM2 here, one by one; one that does not come up goes back.
 * @param context of the command
 * @param operands `pm2`, and an ecosystem file that says better what the apps are
 * @param options `--dry-run` shows the plan only; `--home` of PM2, or `--dump` it has saved; `--env`, `--only` of the file
 * @returns 0 when all apps were moved, 1 otherwise
 * @throws PromvisorError USAGE, NOT_FOUND, NOT_SUPPORTED, CONFIG_*
 */
export async function migrateCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const [from, file, ...more] = operands;
  if (from !== 'pm2' || more.length > 0) {
    throw new PromvisorError(
      'USAGE',
      `migrate: expected "pm2" and an ecosystem file or none, got "${operands.join(' ')}"`,
    );
  }
  if (options['back'] === true) return back(context, file, options);
  const home = await sourceOf(context, options);
  const described = file === undefined ? [] : (await loadApps(context, file, options)).apps;
  const plan = await planMove(context, { processes: home.processes, described });
  showPlan(context, plan, home);
  if (options['dryRun'] === true) {
    if (context.json) writeJson(context, { source: home.source, plan: plan.map(viewOf) });
    return 0;
  }
  const moved = await moveAll(context, plan, home);
  if (context.json) writeJson(context, { source: home.source, plan: plan.map(viewOf), moved });
  await showList(context);
  const failed = moved.filter(({ ok }) => !ok).length;
  if (failed > 0) context.terminal.err(`promvisor: ${failed} of ${moved.length} apps were not moved\n`);
  else say(context, await endPm2(home));
  return failed === 0 ? 0 : 1;
}

/** An empty PM2 is of no use; with anything left in it, it is left alone. */
async function endPm2({ command }: Pm2Home): Promise<string> {
  const boot = 'its start at boot, if it has one, ends with "pm2 unstartup"';
  if (command === null) return `all apps run here now; of PM2, ${boot}`;
  const isEmpty = processesOf(listOf(await command('jlist')), 'pm2 jlist').length === 0;
  if (isEmpty) await command('kill');
  return isEmpty
    ? `all apps run here now, and the daemon of PM2 has ended; ${boot}`
    : `all apps run here now; PM2 has got others meanwhile; ${boot}`;
}

/** `--back`: the other way. */
async function back(context: CliContext, file: string | undefined, options: Options): Promise<ExitCode> {
  const home = homeOf(context, options['home']);
  if (file !== undefined || options['dump'] !== undefined || options['dryRun'] === true) {
    throw new PromvisorError(
      'USAGE',
      'migrate pm2 --back: expected no ecosystem file, no --dump and no --dry-run beside it',
    );
  }
  if (home === context.home.root) {
    const way = 'save with "pm2 save", end promvisor with "pm2 kill", then run "resurrect" of PM2 itself';
    throw new PromvisorError('NOT_SUPPORTED', `migrate pm2 --back: ${home} is the home of both; ${way}`);
  }
  const moved = await moveBack({ client: reader(context), pm2: pm2Command(home, context.env), home });
  if (context.json) writeJson(context, { moved });
  for (const outcome of moved) say(context, movedLine(outcome, context.terminal.paint));
  await showList(context);
  const failed = moved.filter(({ ok }) => !ok).length;
  if (failed > 0) context.terminal.err(`promvisor: ${failed} of ${moved.length} apps were not moved\n`);
  else say(context, 'all apps run under PM2 now, and are saved there; end promvisor with "promvisor kill"');
  return failed === 0 ? 0 : 1;
}

async function moveAll(context: CliContext, plan: readonly PlannedApp[], { command }: Pm2Home): Promise<Moved[]> {
  const client = await starter(context);
  const move = async (app: PlannedApp) => {
    const outcome = await moveApp(app, { context, client, command });
    say(context, movedLine(outcome, context.terminal.paint));
    return outcome;
  };
  // With nobody to stop them first, they need not wait for each other.
  if (command === null) return Promise.all(plan.map(move));
  const moved: Moved[] = [];
  for (const app of plan) moved.push(await move(app));
  return moved;
}

function showPlan(context: CliContext, plan: readonly PlannedApp[], { source, command }: Pm2Home): void {
  const runs =
    command === null ? 'PM2 does not run; its apps are only started here' : 'each is stopped there, then started here';
  say(context, `${plan.length} ${plan.length === 1 ? 'app' : 'apps'} of PM2 (${source}); ${runs}`);
  for (const app of plan) say(context, planText(app, context.terminal.paint).trimEnd());
}

async function sourceOf(context: CliContext, { home, dump }: Options): Promise<Pm2Home> {
  if (typeof dump !== 'string') return readPm2Home(homeOf(context, home), context.env);
  const file = path.resolve(context.cwd, dump);
  const saved = readPm2Dump(file);
  if (saved !== null) return saved;
  throw new PromvisorError('NOT_FOUND', `--dump: expected a file that "pm2 save" has written, got ${file}`);
}

function homeOf({ env, cwd }: CliContext, given: unknown): string {
  if (typeof given === 'string') return path.resolve(cwd, given);
  return env['PM2_HOME'] || path.join(env['HOME'] || homedir(), '.pm2');
}

/** Without values of the environment. */
function viewOf({ name, namespace, spec, instances, notes }: PlannedApp): unknown {
  if (spec === null) return { name, namespace, instances, notes, spec: null };
  const { envBlocks: _blocks, process, ...rest } = spec;
  const { env, ...safe } = process;
  return { name, namespace, instances, notes, spec: { ...rest, process: { ...safe, env: Object.keys(env) } } };
}
