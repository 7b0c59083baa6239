import { type Replaced, replacedText } from '../render/replaced.ts';
import { tell } from './actions.ts';
import { ask } from './ask.ts';
import { list } from './list.ts';
import { type Stage, told } from './stage.ts';

/**
 * `update`: a daemon of the installed version takes over; the apps run on.
 * @param stage of the command
 * @returns 0, 1 when the old daemon stays
 */
export async function update(stage: Stage): Promise<number> {
  const { client, say } = stage;
  await client();
  const answer = await ask(['update']);
  if (answer.problem !== null) return Number(!tell(stage, answer, ''));
  say(told(replacedText(answer.data as Replaced)));
  say('>>>>>>>>>> PM2 updated');
  return list(stage);
}
