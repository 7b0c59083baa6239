import { createClient } from '../../api/client.ts';
import { pingIfAny } from '../daemon-process.ts';
import { applying, tell } from './actions.ts';
import { ask } from './ask.ts';
import { hasDump, isPm2sDumpNewer, writePm2Dump } from './dump.ts';
import { problemLines } from './errors.ts';
import { flagOf } from './flags.ts';
import { pm2Files } from './home.ts';
import { list } from './list.ts';
import { rowsOf } from './row.ts';
import { failed, type Stage, told, warned } from './stage.ts';

/**
 * `save`: our own dump, and PM2's beside it.
 * @param stage of the command
 * @returns 0
 */
export async function save(stage: Stage): Promise<number> {
  const { client, context, call, say } = stage;
  const daemon = await client();
  say(told('Saving current process list...'));
  const answer = await ask(['save', ...(flagOf(call, 'force') === undefined ? [] : ['--force'])]);
  if (answer.problem !== null) return Number(!tell(stage, answer, ''));
  if ((answer.data as { readonly saved: boolean }).saved) {
    say(told(`Successfully saved in ${await writePm2Dump(await rowsOf(daemon), context.home, context.env)}`));
    return 0;
  }
  say(warned('PM2 is not managing any process, skipping save...'));
  say(warned('To force saving use: pm2 save --force'));
  return 0;
}

/**
 * `resurrect`: what was saved last, by us or by PM2 itself.
 * @param stage of the command
 * @returns 0 when all are up, 1 otherwise
 */
export async function resurrect(stage: Stage): Promise<number> {
  const { client, context, say, complain } = stage;
  const { home, env } = context;
  const { dump } = pm2Files(home.root, env);
  const before = new Set((await rowsOf(await client())).map(({ pm_id }) => pm_id));
  say(told('Resurrecting'));
  say(told(`Restoring processes located in ${dump}`));
  if (!hasDump(home, env)) {
    complain(failed("No processes saved; DUMP file doesn't exist"));
    await list(stage);
    return 0;
  }
  const ok = isPm2sDumpNewer(home, env) ? await restorePm2s(stage, dump) : tellQuietly(stage, await ask(['resurrect']));
  for (const { pm_id, pm2_env } of await rowsOf(await client())) {
    if (!before.has(pm_id)) say(told(`Process ${pm2_env.pm_exec_path} restored`));
  }
  await list(stage);
  return ok ? 0 : 1;
}

interface Moved {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
}

/** What `pm2 save` of the real PM2 has left, read as data. */
async function restorePm2s({ complain }: Stage, dump: string): Promise<boolean> {
  const { problem, data } = await ask(['migrate', 'pm2', '--dump', dump]);
  if (problem !== null) {
    problemLines(problem, dump).forEach(complain);
    return false;
  }
  const bad = (data as { readonly moved: readonly Moved[] }).moved.filter(({ ok }) => !ok);
  for (const { name, text } of bad) complain(failed(`[${name}] ${text}`));
  return bad.length === 0;
}

/** Failures only: what came back is told otherwise. */
function tellQuietly(stage: Stage, answer: Awaited<ReturnType<typeof ask>>): boolean {
  return tell({ ...stage, say: () => {} }, answer, '');
}

/**
 * `cleardump`: empties both dumps.
 * @param stage of the command
 * @returns 0
 */
export async function clearDump(stage: Stage): Promise<number> {
  const { client, context, say } = stage;
  await client();
  const answer = await ask(['cleardump']);
  if (answer.problem !== null) return Number(!tell(stage, answer, ''));
  say(told(`Successfully created ${await writePm2Dump([], context.home, context.env)}`));
  return 0;
}

/**
 * `kill`: stops all apps and the daemon.
 * @param stage of the command
 * @returns 0, also when no daemon runs; 1 when an app could not be stopped
 */
export async function kill(stage: Stage): Promise<number> {
  const { context, say, complain } = stage;
  const client = createClient(context.home.socket);
  const rows = (await pingIfAny(client)) === null ? [] : await rowsOf(client);
  if (rows.length === 0) complain(warned('No process found'));
  else
    say(
      applying(
        'delete',
        'all',
        rows.map(({ pm_id }) => pm_id),
      ),
    );
  const answer = await ask(['kill']);
  if (answer.problem !== null) return Number(!tell(stage, answer, ''));
  for (const { name, pm_id } of rows) say(told(`[${name}](${pm_id}) ✓`));
  say(told('[v] All Applications Stopped'));
  say(told('[v] PM2 Daemon Stopped'));
  return answer.exitCode;
}
