import type { ActionRequest } from '../api/contract.ts';
import type { AppSpec } from '../core/spec.ts';

/**
 * What a command lays over the specs of instances.
 * @param request `env` (`--update-env`) and `changes`
 * @returns gives the changed spec, itself where nothing changes; it throws REQUEST_INVALID when no app can be like that
 */
export async function specChanger({
  env,
  changes,
}: Pick<ActionRequest, 'env' | 'changes'>): Promise<(spec: AppSpec) => AppSpec> {
  const fresh = (spec: AppSpec) =>
    env === undefined ? spec : { ...spec, process: { ...spec.process, env: { ...spec.process.env, ...env } } };
  if (changes === undefined) return fresh;
  const { parseSpec } = await import('../config/wire.ts');
  return (spec) => {
    const before = fresh(spec);
    const parts = Object.entries(changes).map(([section, values]) => {
      const part: unknown = Reflect.get(before, section);
      return [section, typeof part === 'object' ? { ...part, ...values } : values] as const;
    });
    return parseSpec({ ...before, ...Object.fromEntries(parts) });
  };
}
