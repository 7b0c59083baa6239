import type { Problem } from '../../api/contract.ts';
import { failed } from './stage.ts';

/**
 * Says what went wrong in the words that PM2 has for it, where it has some.
 * @param problem of a command of ours
 * @param operand that it is about
 * @returns lines for stderr
 */
export function problemLines({ code, detail }: Pick<Problem, 'code' | 'detail'>, operand = ''): string[] {
  const missing = /Script not found: (.*?)(?: \((?:command line|[^()]*), app .*\))?$/.exec(detail)?.[1];
  if (missing !== undefined) return [failed(`Script not found: ${missing}`)];
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
