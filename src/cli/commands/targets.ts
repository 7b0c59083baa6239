import { PromvisorError } from '../../base/errors.ts';

/**
 * Checks that a command was told what it is about.
 * @param command its name
 * @param targets operands
 * @returns the same operands, at least one
 * @throws PromvisorError USAGE when there is none
 */
export function needTargets(command: string, targets: readonly string[]): readonly string[] {
  if (targets.length > 0) return targets;
  throw new PromvisorError('USAGE', `${command}: expected an id, a name, a namespace, /regex/ or all, got nothing`);
}
