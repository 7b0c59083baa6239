import type { ActionRequest } from '../api/contract.ts';
import type { CliContext } from './context.ts';

/**
 * The shell's variables for apps that are there already.
 * @param context of the command
 * @param options `--update-env`
 * @returns the part of the request, empty without the option
 */
export async function updatedEnv(
  context: CliContext,
  options: Readonly<Record<string, unknown>>,
): Promise<Pick<ActionRequest, 'env'>> {
  if (options['updateEnv'] !== true) return {};
  const { shellVariables } = await import('../config/env.ts');
  return { env: shellVariables(context.env, undefined) };
}
