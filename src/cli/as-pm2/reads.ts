import { inspect } from 'node:util';
import { describeText } from './describe.ts';
import { missingArgument } from './errors.ts';
import { rowsOf } from './row.ts';
import { failed, type Stage, warned } from './stage.ts';
import { idsOf } from './targets.ts';

/** `ping`: it also starts the daemon, as every command of PM2 does. */
export async function ping({ client, say }: Stage): Promise<number> {
  await client();
  say("{ msg: 'pong' }");
  return 0;
}

/** `jlist`: data, whatever is silenced. */
export async function jlist({ client, context }: Stage): Promise<number> {
  context.terminal.out(await (await client()).jlistText());
  return 0;
}

/** `prettylist`: the same as JavaScript. */
export async function prettylist({ client, context }: Stage): Promise<number> {
  context.terminal.out(inspect(JSON.parse(await (await client()).jlistText()), false, null, false));
  return 0;
}

/** `pid [NAME]`: one line each; an empty one for a name that nobody has. */
export async function pid({ client, call, say }: Stage): Promise<number> {
  const [name] = call.operands;
  const rows = (await rowsOf(await client())).filter((row) => name === undefined || row.name === name);
  say(rows.map((row) => row.pid).join('\n'));
  return 0;
}

/** `id NAME`: the ids as JavaScript. */
export async function id({ client, call, say, complain }: Stage): Promise<number> {
  const [name] = call.operands;
  if (name === undefined) {
    complain(missingArgument('name'));
    return 1;
  }
  const rows = (await rowsOf(await client())).filter((row) => row.name === name);
  say(inspect(rows.map(({ pm_id }) => pm_id)));
  return 0;
}

/** `describe TARGET`: each instance in a box. */
export async function describe({ client, call, context, say, complain }: Stage): Promise<number> {
  const [target] = call.operands;
  if (target === undefined) {
    complain(missingArgument('name|id'));
    return 1;
  }
  const daemon = await client();
  const ids = await idsOf(daemon, target);
  if (ids.length === 0) {
    complain(warned(`${target} doesn't exist`));
    return 1;
  }
  for (const row of await rowsOf(daemon)) {
    if (ids.includes(row.pm_id)) say(describeText(row, { nowMs: context.nowMs(), shell: context.env }).slice(0, -1));
  }
  return 0;
}

/** `env ID`: what the process has been given, `name: value`. */
export async function env({ client, call, say, complain }: Stage): Promise<number> {
  const [target] = call.operands;
  if (target === undefined) {
    complain(missingArgument('id'));
    return 1;
  }
  const daemon = await client();
  const ids = await idsOf(daemon, target);
  const rows = (await rowsOf(daemon)).filter(({ pm_id }) => ids.includes(pm_id));
  if (rows.length === 0) {
    complain(failed(`Modules with id ${target} not found`));
    return 1;
  }
  for (const { pm2_env } of rows) {
    for (const [name, value] of Object.entries(pm2_env.env)) say(`${name}: ${value}`);
    const instanceVar = String(pm2_env['instance_var']);
    say(`${instanceVar}: ${pm2_env[instanceVar]}`);
  }
  return 0;
}
