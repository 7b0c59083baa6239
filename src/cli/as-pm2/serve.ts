import path from 'node:path';
import { attach, tell } from './actions.ts';
import { ask } from './ask.ts';
import { flagArgs, flagOf } from './flags.ts';
import { list } from './list.ts';
import { rowsOf } from './row.ts';
import { type Stage, told } from './stage.ts';
import { tellScript } from './start.ts';

const DEFAULT_PORT = '8080';

/**
 * `serve [FOLDER] [PORT]`: a static web server as an app of its own.
 * @param stage of the command
 * @returns 0 when it serves, 1 otherwise
 */
export async function serve(stage: Stage): Promise<number> {
  const { call, client, context, say } = stage;
  const [folder = '.', port = flagOf(call, 'port') ?? DEFAULT_PORT] = call.operands;
  const before = await rowsOf(await client());
  const force = flagOf(call, 'force') === undefined ? [] : ['--force'];
  const answer = await ask(['serve', ...flagArgs(call), ...force, ...call.operands]);
  if (answer.problem !== null) return Number(!tell(stage, answer, folder));
  if (!(await tellScript(stage, { answer, before, operand: folder }))) return 1;
  say(told(`Serving ${path.resolve(context.cwd, folder)} on port ${port}`));
  await list(stage);
  return attach(stage, []);
}
