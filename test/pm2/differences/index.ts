import type { Difference } from '../compare.ts';
import { AS_ROOT } from './as-root.ts';
import { ATTRIBUTES } from './attributes.ts';
import { COMMAND_FLAGS } from './command-flags.ts';
import { COMMANDS } from './commands.ts';
import { DEPLOY } from './deploy.ts';
import { ELSEWHERE_HELP } from './elsewhere.ts';
import { FLAGS } from './flags.ts';

/** By the name of the script. */
export const DIFFERENCES: Readonly<Record<string, readonly Difference[]>> = {
  deploy: DEPLOY,
  commands: COMMANDS,
  flags: FLAGS,
  'command-flags': COMMAND_FLAGS,
  attributes: ATTRIBUTES,
  'as-root': AS_ROOT,
  elsewhere: ELSEWHERE_HELP,
};
