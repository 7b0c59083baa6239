import { inspect } from 'node:util';
import { isConfig } from '../app-sources.ts';
import { ask, type CommandAnswer, type InstanceOutcome, outcomesOf } from './ask.ts';
import { missingArgument, problemLines } from './errors.ts';
import { flagArgs, flagOf } from './flags.ts';
import { list } from './list.ts';
import { type Row, rowsOf } from './row.ts';
import { failed, type Stage, told, warned } from './stage.ts';
import { idsOf, isId } from './targets.ts';

export type Verb = 'stop' | 'restart' | 'delete' | 'reload';

/** PM2's names of what it does, as it prints them. */
const METHODS: Readonly<Record<Verb, string>> = {
  stop: 'stopProcessId',
  restart: 'restartProcessId',
  delete: 'deleteProcessId',
  reload: 'reloadProcessId',
};
/** What PM2 says is missing. */
const ARGUMENTS: Readonly<Record<Verb, string>> = {
  stop: 'id|name|namespace|all|json|stdin',
  restart: 'id|name|namespace|all|json|stdin',
  reload: 'id|name|namespace|all',
  delete: 'name|id|namespace|script|all|json|stdin',
};
/** Flags of PM2 that mean something with the verb; restart and reload may change the app itself. */
export const FLAGS: Readonly<Record<Verb, readonly string[] | undefined>> = {
  stop: ['env', 'only', 'watch'],
  delete: ['env', 'only'],
  reload: undefined,
  restart: undefined,
};

/**
 * `stop`, `restart`, `delete`, `reload`: target after target, until one fails.
 * @param stage of the command
 * @param verb what to do
 * @returns 0 when all did it, 1 otherwise
 */
export async function act(stage: Stage, verb: Verb): Promise<number> {
  const { call, context, complain } = stage;
  if (call.operands.length === 0) {
    complain(missingArgument(ARGUMENTS[verb]));
    return 1;
  }
  for (const target of call.operands) {
    const one = isConfig(target, context.cwd) ? onConfig : onTarget;
    if (!(await one(stage, verb, target))) return 1;
  }
  if (verb !== 'reload') await list(stage);
  return attach(stage, call.operands);
}

/**
 * `--attach`: goes on with what the apps write.
 * @param stage of the command
 * @param targets of it, none means all
 */
export async function attach(stage: Stage, targets: readonly string[]): Promise<number> {
  if (flagOf(stage.call, 'attach') === undefined) return 0;
  const { followLogs } = await import('./logs.ts');
  return followLogs(stage, targets);
}

async function onTarget(stage: Stage, verb: Verb, target: string): Promise<boolean> {
  const { call, say, complain } = stage;
  const applies = verb === 'restart' || verb === 'reload';
  if (applies && flagOf(call, 'update-env') === undefined) say('Use --update-env to update environment variables');
  const ids = await idsOf(await stage.client(), target);
  if (ids.length > 0 || isId(target)) say(applying(verb, target, isId(target) ? [target] : ids));
  if (ids.length === 0) {
    complain(unknown(target));
    return false;
  }
  return tell(stage, await ask([verb, target, ...flagArgs(call, FLAGS[verb])]), target);
}

async function onConfig(stage: Stage, verb: Verb, file: string): Promise<boolean> {
  const { call, say } = stage;
  const before = await rowsOf(await stage.client());
  const answer = await ask([verb, file, ...flagArgs(call, FLAGS[verb])], call.appArgs);
  // What a file names and nobody has is not there any more: PM2 has nothing to say either.
  if (answer.problem?.code === 'NOT_FOUND') return true;
  if (verb === 'restart' || verb === 'reload') return tellStarted(stage, { answer, before, verb, operand: file });
  if (answer.problem === null) cronLines(await rowsOf(await stage.client()), answer).forEach(say);
  return tell(stage, answer, file);
}

export interface Started {
  readonly answer: CommandAnswer;
  /** The list before. */
  readonly before: readonly Row[];
  readonly verb: 'restart' | 'reload';
  readonly operand: string;
}

/**
 * Tells what became of the apps of a config file: those that were there, then new ones.
 * @param stage of the command
 * @param started what was done
 * @returns false when one of them failed
 */
export async function tellStarted(stage: Stage, { answer, before, verb, operand }: Started): Promise<boolean> {
  const { say } = stage;
  if (answer.problem !== null) return tell(stage, answer, operand);
  const after = await rowsOf(await stage.client());
  cronLines(after, answer).forEach(say);
  const outcomes = outcomesOf(answer);
  const known = new Set(before.map(({ pm_id }) => pm_id));
  const groups = groupsOf(outcomes.filter(({ id }) => known.has(id)));
  for (const [app, ids] of groups) say(applying(verb, app, ids));
  const were = report(
    stage,
    outcomes.filter(({ id }) => known.has(id)),
  );
  const fresh = groupsOf(outcomes.filter(({ id }) => !known.has(id)));
  if (fresh.size > 0) say(warned(`Applications ${[...fresh.keys()].join(', ')} not running, starting...`));
  for (const remark of answer.remarks) say(warned(remarkText(remark)));
  for (const [app, ids] of fresh) say(told(`App [${app}] launched (${ids.length} instances)`));
  return (
    complainOf(
      stage,
      outcomes.filter(({ id }) => !known.has(id)),
    ) && were
  );
}

function remarkText(remark: string): string {
  const text = remark.replace(/^promvisor: (?:warning: )?/, '');
  const [, env] = /^--env (.+): there is no env_/.exec(text) ?? [];
  return env === undefined ? text : `Environment [${env}] is not defined in process file`;
}

function groupsOf(outcomes: readonly InstanceOutcome[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const { app, id } of outcomes) groups.set(app, [...(groups.get(app) ?? []), id]);
  return groups;
}

/** PM2 says of each app with a pattern that it has one. */
function cronLines(rows: readonly Row[], answer: CommandAnswer): string[] {
  const ids = new Set(outcomesOf(answer).map(({ id }) => id));
  const apps = new Map(rows.filter(({ pm_id }) => ids.has(pm_id)).map(({ name, pm2_env }) => [name, pm2_env]));
  return [...apps.values()].flatMap((env) =>
    typeof env['cron_restart'] === 'string' ? [told(`cron restart at ${env['cron_restart']}`)] : [],
  );
}

/**
 * Tells what a command of ours has answered.
 * @param stage of the command
 * @param answer of it
 * @param operand that it was about
 * @returns false when it or an instance failed
 */
export function tell(stage: Stage, answer: CommandAnswer, operand: string): boolean {
  if (answer.problem !== null) {
    problemLines(answer.problem, operand).forEach(stage.complain);
    return false;
  }
  return report(stage, outcomesOf(answer));
}

function report(stage: Stage, outcomes: readonly InstanceOutcome[]): boolean {
  for (const { app, id, ok } of outcomes) if (ok) stage.say(told(`[${app}](${id}) ✓`));
  return complainOf(stage, outcomes);
}

/** What PM2 leaves out: that it did not work, and why. */
export function complainOf(stage: Stage, outcomes: readonly InstanceOutcome[]): boolean {
  const bad = outcomes.filter(({ ok }) => !ok);
  for (const { app, id, message } of bad) stage.complain(failed(`[${app}](${id}) ${message ?? 'failed'}`));
  return bad.length === 0;
}

/**
 * The line that PM2 begins an action with.
 * @param verb what is done
 * @param target as it was written
 * @param ids of the instances; PM2 shows an id that was written as text
 */
export function applying(verb: Verb, target: string | number, ids: readonly (string | number)[]): string {
  return told(`Applying action ${METHODS[verb]} on app [${target}](ids: ${inspect(ids)})`);
}

function unknown(target: string): string {
  if (target === 'all') return warned('No process found');
  return failed(isId(target) ? `${target} : id unknown` : `Process or Namespace ${target} not found`);
}
