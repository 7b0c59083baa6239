import type { Problem } from '../../api/contract.ts';
import { failed } from './stage.ts';

/** As the parser says it; a flag that only PM2 has comes with what to use instead, and is told with it. */
const UNKNOWN_FLAG = /^unknown option '([^'=]*)[^']*'(?:$|\n)/;

/**
 * Says what went wrong in the words that PM2 has for it, where it has some.
 * @param problem of a command of ours
 * @param operand that it is about
 * @returns lines for stderr
 */
export function problemLines({ code, detail }: Pick<Problem, 'code' | 'detail'>, operand = ''): string[] {
  const missing = /Script not found: (.*?)(?: \((?:command line|[^()]*), app .*\))?$/.exec(detail)?.[1];
  if (missing !== undefined) return [failed(`Script not found: ${missing}`)];
  const [, flag] = UNKNOWN_FLAG.exec(detail) ?? [];
  if (flag !== undefined) return [unknownFlag(flag)];
  switch (code) {
    case 'ALREADY_RUNNING':
      return [
        failed(detail.startsWith('PM2 ') ? detail : 'Script already launched, add -f option to force re-execution'),
      ];
    case 'CONFIG_NOT_FOUND':
      return [failed(`File ${operand} not found`)];
    case 'CONFIG_UNREADABLE':
      return [failed(`File ${operand} malformated`), detail];
    default:
      return [failed(detail)];
  }
}

/**
 * What PM2 says of a flag that it does not know.
 * @param flag as written
 */
export function unknownFlag(flag: string): string {
  return `\n  error: unknown option \`${flag}'\n`;
}

/**
 * What PM2 says when something is missing.
 * @param name of the operand, as its help has it
 */
export function missingArgument(name: string): string {
  return `\n  error: missing required argument \`${name}'\n`;
}
