import { applying, complainOf, tell } from './actions.ts';
import { ask, outcomesOf } from './ask.ts';
import { missingArgument } from './errors.ts';
import { list } from './list.ts';
import { rowsOf } from './row.ts';
import { failed, type Stage, told } from './stage.ts';
import { idsOf, isId } from './targets.ts';

/** `scale NAME N`: what came, or what went. */
export async function scale(stage: Stage): Promise<number> {
  const { call, client, say, complain } = stage;
  const [name, count] = call.operands;
  if (name === undefined || count === undefined) {
    complain(missingArgument(name === undefined ? 'app_name' : 'number'));
    return 1;
  }
  const daemon = await client();
  const before = (await rowsOf(daemon)).filter((row) => row.name === name);
  if (before.length === 0) {
    complain(failed(`Application ${name} not found`));
    return 1;
  }
  if (count === String(before.length)) {
    complain(failed('Nothing to do'));
    return 1;
  }
  const answer = await ask(['scale', name, count]);
  if (answer.problem !== null) return Number(!tell(stage, answer, name));
  const after = (await rowsOf(daemon)).filter((row) => row.name === name);
  for (const row of after) if (!before.some(({ pm_id }) => pm_id === row.pm_id)) say(told('Scaling up application'));
  for (const { pm_id } of before) {
    if (after.some((row) => row.pm_id === pm_id)) continue;
    say(applying('delete', pm_id, [pm_id]));
    say(told(`[${name}](${pm_id}) ✓`));
  }
  const ok = complainOf(stage, outcomesOf(answer));
  await list(stage);
  return ok ? 0 : 1;
}

/** `reset TARGET`: the counts that are shown begin anew. */
export async function reset(stage: Stage): Promise<number> {
  const { call, client, say, complain } = stage;
  const [target] = call.operands;
  if (target === undefined) {
    complain(missingArgument('name|id|all'));
    return 1;
  }
  const ids = await idsOf(await client(), target);
  if (ids.length === 0) {
    complain('Unknown process name');
    return 1;
  }
  const answer = await ask(['reset', target]);
  if (answer.problem !== null) return Number(!tell(stage, answer, target));
  for (const id of ids) say(told(`Resetting meta for process id ${id}`));
  return list(stage);
}

/** `sendSignal SIGNAL TARGET`. */
export async function sendSignal(stage: Stage): Promise<number> {
  const { call, client, say, complain } = stage;
  const [signal, target] = call.operands;
  if (signal === undefined || target === undefined) {
    complain(missingArgument(signal === undefined ? 'signal' : 'pm2_id|name'));
    return 1;
  }
  const about = `process ${isId(target) ? 'id' : 'name'} ${target}`;
  say(told(`Sending signal to ${about}`));
  if ((await idsOf(await client(), target)).length === 0) {
    complain('Unknown process name');
    return 1;
  }
  const answer = await ask(['sendSignal', signal, target]);
  if (answer.problem !== null) return Number(!tell(stage, answer, target));
  say(`successfully sent signal ${signal} to ${about}`);
  return list(stage);
}

/** `send ID LINE`: by id alone, as PM2 does. */
export async function send(stage: Stage): Promise<number> {
  const { call, client, complain } = stage;
  const [id, ...words] = call.operands;
  if (id === undefined || words.length === 0) {
    complain(missingArgument(id === undefined ? 'pm_id' : 'line'));
    return 1;
  }
  if (!isId(id) || (await idsOf(await client(), id)).length === 0) {
    complain(failed(`Error: Process with ID <${id}> unknown.`));
    return 1;
  }
  const answer = await ask(['send', id, ...words]);
  return answer.problem === null ? list(stage) : Number(!tell(stage, answer, id));
}

/** `flush [TARGET]`: empties log files, those of the past too. */
export async function flush(stage: Stage): Promise<number> {
  const { call, client, home, say } = stage;
  const [target] = call.operands;
  const daemon = await client();
  const ids = await idsOf(daemon, target ?? 'all');
  if (target === undefined) say(told(`Flushing ${home}/pm2.log`));
  if (ids.length > 0) {
    const answer = await ask(['flush', ...(target === undefined ? [] : [target])]);
    if (answer.problem !== null) return Number(!tell(stage, answer, target ?? ''));
    for (const { pm_id, pm2_env } of await rowsOf(daemon)) {
      if (!ids.includes(pm_id)) continue;
      say(told('Flushing:'));
      for (const file of [pm2_env.pm_out_log_path, pm2_env.pm_err_log_path]) say(told(file));
    }
  }
  say(told('Logs flushed'));
  return 0;
}

/** `reloadLogs`: files that were moved away are opened anew. */
export async function reloadLogs({ client, say }: Stage): Promise<number> {
  await (await client()).reloadLogs();
  say('Reloading all logs...');
  say('All logs reloaded');
  return 0;
}
