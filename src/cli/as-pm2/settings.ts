import { createClient } from '../../api/client.ts';
import { pingIfAny } from '../daemon-process.ts';
import { complainOf, tell } from './actions.ts';
import { ask, type CommandAnswer, outcomesOf, passOn } from './ask.ts';
import { missingArgument } from './errors.ts';
import { pm2Files } from './home.ts';
import {
  confLines,
  confVariables,
  groupOf,
  type ModuleConf,
  readModuleConf,
  valueAt,
  withValue,
  writeModuleConf,
} from './module-conf.ts';
import { type Stage, told, warned } from './stage.ts';
import { idsOf } from './targets.ts';

/** PM2's module for logs: what it does is done by the daemon itself. */
const LOGROTATE = 'pm2-logrotate';
const ALL = 'all';
const HEAD = 'Modules configuration. Copy/Paste line to edit values.';

type Pair = readonly [key: string, value: string | undefined];

/** `get [KEY]`: what was kept under a key, or all groups. */
export async function get(stage: Stage): Promise<number> {
  const { call, say } = stage;
  const [key] = call.operands;
  if (key === undefined) return conf(stage);
  if (await isOwn(key)) return passOn(stage);
  const kept = await readModuleConf(fileOf(stage));
  const value = valueAt(kept, key);
  if (value === undefined) return 1;
  const place = groupOf(key);
  const lines =
    place === null
      ? [...confLines(kept, key), HEAD]
      : [`Value for module ${place.group} key ${place.name}: ${String(value)}`];
  lines.forEach(say);
  return 0;
}

/** `conf`: all groups, whatever is asked. */
export async function conf(stage: Stage): Promise<number> {
  const [key] = stage.call.operands;
  if (key !== undefined && (await isOwn(key))) return passOn(stage);
  confLines(await readModuleConf(fileOf(stage))).forEach(stage.say);
  return 0;
}

/** `config KEY [VALUE]`: `get` or `set`. */
export async function config(stage: Stage): Promise<number> {
  const { length } = stage.call.operands;
  if (length > 0) return length === 1 ? get(stage) : set(stage);
  stage.complain(missingArgument('key'));
  return 1;
}

/** `set KEY VALUE`: keeps it; an app of the name before the colon is restarted with it. */
export async function set(stage: Stage): Promise<number> {
  const { call, say } = stage;
  const [key, value] = call.operands;
  if (key === undefined) return conf(stage);
  if (await isOwn(key)) return passOn(stage);
  const kept = await keep(stage, [[key, value]]);
  if (kept === null || !(await restart(stage, kept, key))) return 1;
  const place = groupOf(key);
  if (place !== null) say(told('Setting changed'));
  confLines(kept, place?.group).forEach(say);
  return 0;
}

/** `multiset "KEY VALUE KEY VALUE"`: all or none; the app of the first key alone is restarted. */
export async function multiset(stage: Stage): Promise<number> {
  const { call, say, complain } = stage;
  const words = call.operands.flatMap((operand) => operand.split(/\s+/)).filter((word) => word !== '');
  const [first] = words;
  if (first === undefined) {
    complain(missingArgument('value'));
    return 1;
  }
  const pairs = words.flatMap((word, at): Pair[] => (at % 2 === 0 ? [[word, words[at + 1]]] : []));
  const kept = await keep(stage, pairs);
  if (kept === null || !(await restart(stage, kept, first))) return 1;
  confLines(kept, groupOf(first)?.group).forEach(say);
  return 0;
}

/** `unset KEY`: takes a key out, with `all` everything; apps keep what they have. */
export async function unset(stage: Stage): Promise<number> {
  const { call, say, complain } = stage;
  const [key] = call.operands;
  if (key === undefined) {
    complain(missingArgument('key'));
    return 1;
  }
  if (await isOwn(key)) return passOn(stage);
  const before = await readModuleConf(fileOf(stage));
  const ofLogs = Object.keys(before).includes(LOGROTATE) ? Object.keys(Object(before[LOGROTATE])) : [];
  const whole = key === ALL || key === LOGROTATE;
  const kept = await keep(stage, [
    ...(whole ? ofLogs.map((name): Pair => [`${LOGROTATE}:${name}`, undefined]) : []),
    [key, undefined],
  ]);
  if (kept === null) return 1;
  confLines(kept).forEach(say);
  return 0;
}

function fileOf({ context }: Stage): string {
  return pm2Files(context.home.root, context.env).moduleConf;
}

/** Whether a key is a setting of promvisor under its own name, as `logs.retain`. */
async function isOwn(key: string): Promise<boolean> {
  if (groupOf(key)?.group === LOGROTATE) return false;
  const { problem } = await ask(['get', key]);
  return problem === null || !['NOT_FOUND', 'NOT_SUPPORTED'].includes(problem.code);
}

/** Whether what a key of PM2's log module says is done here. */
async function hasEffect(key: string): Promise<boolean> {
  return (await ask(['get', key])).problem?.code !== 'NOT_SUPPORTED';
}

/** Keeps values, once what they are for has taken them; null when it has not. */
async function keep(stage: Stage, pairs: readonly Pair[]): Promise<ModuleConf | null> {
  const own: Pair[] = [];
  const others: Pair[] = [];
  for (const pair of pairs) ((await isOwn(pair[0])) ? own : others).push(pair);
  const ofLogs = pairs.filter(([key]) => groupOf(key)?.group === LOGROTATE);
  const known = new Set<Pair>();
  for (const pair of ofLogs) if (await hasEffect(pair[0])) known.add(pair);
  if (!(await apply(stage, [...own, ...known]))) return null;
  // Guides for setting up PM2 have them: they are kept, and nothing more.
  for (const [key, value] of ofLogs.filter((pair) => !known.has(pair))) {
    if (value !== undefined) stage.complain(warned(`${key} has no effect here`));
  }
  const file = fileOf(stage);
  const before = await readModuleConf(file);
  const after = others.some(([key, value]) => key === ALL && value === undefined)
    ? {}
    : others.reduce((kept, [key, value]) => withValue(kept, key, value), before);
  await writeModuleConf(file, after);
  return after;
}

/** Settings of promvisor: what is wrong with one is told, and then none is changed. */
async function apply(stage: Stage, pairs: readonly Pair[]): Promise<boolean> {
  const given = pairs.filter(([, value]) => value !== undefined);
  const taken = pairs.filter(([, value]) => value === undefined);
  const answers: CommandAnswer[] = [];
  // Not one by one: all are taken, or none. A value of several words can only be alone.
  if (given.length > 0) answers.push(await ask([given.length === 1 ? 'set' : 'multiset', ...given.flat().map(String)]));
  for (const [key] of taken) answers.push(await ask(['unset', key]));
  const bad = answers.find(({ problem }) => problem !== null);
  if (bad !== undefined) return tell(stage, bad, '');
  const runs = pairs.length > 0 && (await pingIfAny(createClient(stage.context.home.socket))) !== null;
  if (runs) stage.complain(warned('The daemon takes it up when it is started anew: pm2 update (the apps run on)'));
  return true;
}

/** The apps that a key is of, with what is kept for them. */
async function restart(stage: Stage, kept: ModuleConf, key: string): Promise<boolean> {
  const group = groupOf(key)?.group;
  if (group === undefined || (await idsOf(await stage.client(), group)).length === 0) return true;
  const answer = await ask(['restart', group, '--update-env'], [], confVariables(kept, group));
  if (answer.problem !== null) return tell(stage, answer, group);
  stage.say(told(`Module ${group} restarted`));
  return complainOf(stage, outcomesOf(answer));
}
