import { existsSync } from 'node:fs';
import path from 'node:path';
import { isConfig } from '../app-sources.ts';
import { applying, attach, complainOf, FLAGS, tell, tellStarted } from './actions.ts';
import { ask, type CommandAnswer, outcomesOf } from './ask.ts';
import { missingArgument } from './errors.ts';
import { flagArgs, flagOf } from './flags.ts';
import { list } from './list.ts';
import { type Row, rowsOf } from './row.ts';
import { failed, type Stage, told } from './stage.ts';
import { isId } from './targets.ts';

/**
 * `start`: operand after operand, until one fails.
 * @param stage of the command
 * @param word the command of ours that does it
 * @returns 0 when all are up, 1 otherwise
 */
export async function start(stage: Stage, word: 'start' | 'reload'): Promise<number> {
  const { call } = stage;
  const operands = call.operands.length === 0 ? [null] : call.operands;
  for (const operand of operands) if (!(await startOne(stage, word, operand))) return 1;
  await list(stage);
  return attach(stage, []);
}

/**
 * `startOrRestart`, `startOrReload`: config files that are there.
 * @param stage of the command
 * @param word the command of ours that does it
 * @returns as `start`
 */
export async function startOr(stage: Stage, word: 'start' | 'reload'): Promise<number> {
  const { call, context, complain } = stage;
  const { operands } = call;
  const other = operands.find((operand) => !isConfig(operand, context.cwd));
  if (operands.length > 0 && other === undefined) return start(stage, word);
  if (other === undefined) complain(missingArgument('json'));
  else if (existsSync(path.resolve(context.cwd, other))) {
    complain(failed(`${call.word}: expected a config file, got "${other}"`));
  } else complain(failed(`File ${other} not found`));
  return 1;
}

/** @param operand null for the config file of the folder */
async function startOne(stage: Stage, word: 'start' | 'reload', operand: string | null): Promise<boolean> {
  const { call, context } = stage;
  const before = await rowsOf(await stage.client());
  const force = flagOf(call, 'force') === undefined ? [] : ['--force'];
  const isFile = operand === null || isConfig(operand, context.cwd);
  // Of a script PM2 takes them too, without effect, and deployment scripts say `start app.js --env production`.
  const given = isFile ? call : { ...call, flags: call.flags.filter(({ name }) => !['env', 'only'].includes(name)) };
  const flags = word === 'reload' ? flagArgs(call, FLAGS.reload) : [...flagArgs(given), ...force];
  // A flag that may have a value, as --watch, would take an operand behind it for that.
  const answer = await ask([word, ...(operand === null ? [] : [operand]), ...flags], call.appArgs);
  if (answer.problem !== null) return tell(stage, answer, operand ?? '');
  if (isFile) {
    const verb = word === 'reload' ? 'reload' : 'restart';
    return tellStarted(stage, { answer, before, verb, operand: operand ?? '' });
  }
  return tellScript(stage, { answer, before, operand });
}

interface StartedScript {
  readonly answer: CommandAnswer;
  /** The list before. */
  readonly before: readonly Row[];
  readonly operand: string;
}

/**
 * Tells what became of a script: a new app, or one that was there.
 * @param stage of the command
 * @param started what was done
 * @returns false when it failed
 */
export async function tellScript(stage: Stage, { answer, before, operand }: StartedScript): Promise<boolean> {
  const { say } = stage;
  const outcomes = outcomesOf(answer);
  if (outcomes.every(({ id }) => before.some(({ pm_id }) => pm_id === id))) {
    const ids = outcomes.map(({ id }) => id).sort((a, b) => a - b);
    say(applying('restart', operand, isId(operand) ? [operand] : ids));
    if (!tell(stage, answer, operand)) return false;
    say(told('Process successfully started'));
    return true;
  }
  const after = await rowsOf(await stage.client());
  const fresh = after.filter(({ pm_id }) => outcomes.some(({ id }) => id === pm_id));
  for (const line of startingLines(fresh)) say(line);
  if (!complainOf(stage, outcomes)) return false;
  say(told('Done.'));
  return true;
}

function startingLines([first, ...more]: readonly Row[]): string[] {
  if (first === undefined) return [];
  const { pm_exec_path: script, exec_mode: mode, cron_restart: cron } = first.pm2_env;
  const count = more.length + 1;
  return [
    ...(typeof cron === 'string' ? [told(`cron restart at ${cron}`)] : []),
    told(`Starting ${script} in ${mode} (${count} instance${count === 1 ? '' : 's'})`),
  ];
}
