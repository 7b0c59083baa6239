import { isOfModules, writeEcosystem } from '../commands/ecosystem.ts';
import { failed, type Stage } from './stage.ts';

/**
 * `init [simple]`: a config file under PM2's name for it, which a folder of ES modules could not load.
 * @param stage of the command
 * @returns 0; 1 when there is a config file already, which stays as it is
 */
export async function init({ call, context, say, complain }: Stage): Promise<number> {
  const name = `ecosystem.config.${isOfModules(context.cwd) ? 'cjs' : 'js'}`;
  const written = writeEcosystem(context.cwd, { name, simple: call.operands[0] === 'simple' });
  if ('there' in written) {
    complain(failed(`${written.there} is there already; nothing was written`));
    return 1;
  }
  say(`File ${written.file} generated`);
  return 0;
}
