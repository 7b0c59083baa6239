import type { Problem } from '../../api/contract.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { Paint } from './style.ts';

export interface ErrorText {
  readonly problem: Pick<Problem, 'code' | 'detail'>;
  /** For a defect of ours, else null. */
  readonly stack: string | null;
  readonly paint: Paint;
}

/** What to do next, where the message alone does not tell. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  NO_DAEMON: 'promvisor start <script> starts it',
  NOT_FOUND: 'promvisor list shows what there is',
  USAGE: 'promvisor --help shows the commands',
  INTERNAL: 'this is a defect of promvisor: please report it',
};

/**
 * An error as people read it.
 * @param error the problem, the stack of a defect and the painter of stderr
 * @returns one block that ends with a newline
 */
export function renderError({ problem, stack, paint }: ErrorText): string {
  const hint = HINTS[problem.code];
  const lines = [`${paint('red', 'promvisor:')} ${stack ?? problem.detail}`];
  if (hint !== undefined) lines.push(paint('dim', `  ${hint}`));
  return `${lines.join('\n')}\n`;
}
