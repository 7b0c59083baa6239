import { PromvisorError } from '../../base/errors.ts';
import { isConfig } from '../app-sources.ts';
import type { CliContext, ExitCode } from '../context.ts';
import { actionCommand } from './action.ts';

export interface StartOrCall {
  readonly action: 'restart' | 'reload';
  /** As the user wrote it. */
  readonly command: string;
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * `startOrRestart CONFIG`, `startOrReload CONFIG`: what `restart` and `reload` do with a config file, and with nothing
 * else.
 * @param context of the command
 * @param call config files and flags
 * @returns 0 when all are up, 1 otherwise
 * @throws PromvisorError USAGE for what is no config file, CONFIG_*
 */
export function startOrCommand(context: CliContext, call: StartOrCall): Promise<ExitCode> {
  const { action, command, operands, options } = call;
  const other = operands.find((operand) => !isConfig(operand, context.cwd));
  if (other !== undefined || operands.length === 0) {
    throw new PromvisorError('USAGE', `${command}: expected a config file that is there, got "${other ?? ''}"`);
  }
  const done = action === 'restart' ? 'restarted' : 'reloaded';
  return actionCommand(context, { action, done, targets: operands, options });
}
