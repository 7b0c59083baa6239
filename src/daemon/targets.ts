import { PromvisorError } from '../base/errors.ts';
import { matchTargets } from '../core/selector.ts';
import type { Instance } from './instance.ts';

/**
 * Finds the instances that the targets of a command mean.
 * @param targets ids, names, namespaces, /regex/ or all
 * @param instances all there are
 * @returns them in the order of their ids
 * @throws PromvisorError REQUEST_INVALID for a target that cannot be read, NOT_FOUND for one that means nothing
 */
export function selectInstances(targets: readonly string[], instances: readonly Instance[]): readonly Instance[] {
  const candidates = instances.map((instance) => ({
    id: instance.id,
    name: instance.spec.name,
    namespace: instance.spec.namespace,
    instance,
  }));
  const { matched, unmatched, invalid } = matchTargets(targets, candidates);
  const [unreadable] = invalid;
  if (unreadable !== undefined) throw new PromvisorError('REQUEST_INVALID', unreadable.error, { details: { invalid } });
  if (unmatched.length > 0) {
    const named = unmatched.map((target) => `"${target}"`).join(', ');
    throw new PromvisorError('NOT_FOUND', `no app, namespace or id matches ${named}`, {
      details: { targets: unmatched },
    });
  }
  return matched.map(({ instance }) => instance);
}
