import { userInfo } from 'node:os';
import type { AppSpec } from '../core/spec.ts';
import type { Instance } from './instance.ts';

/**
 * Variables that tell a process which instance it is: PM2's names, as apps read them.
 * @param instance the slot
 * @param spec what its process is made from
 * @param homeRoot PROMVISOR_HOME of this daemon
 * @returns variables that win over the app's own
 */
export function instanceEnv({ slot, id }: Instance, spec: AppSpec, homeRoot: string): Record<string, string> {
  const { process } = spec;
  const env: Record<string, string> = {
    PWD: process.cwd,
    PROMVISOR_HOME: homeRoot,
    pm_id: String(id),
    name: spec.name,
    namespace: spec.namespace,
    exec_mode: `${process.execMode}_mode`,
    pm_exec_path: process.script,
    pm_cwd: process.cwd,
    instance_var: process.instanceVar,
    [process.instanceVar]: String(slot),
  };
  const start = process.incrementVar === null ? undefined : process.env[process.incrementVar];
  if (process.incrementVar !== null) env[process.incrementVar] = String(Number(start ?? '0') + slot);
  const name = process.interpreter.slice(process.interpreter.lastIndexOf('/') + 1);
  if (name.startsWith('python')) env['PYTHONUNBUFFERED'] = '1';
  return env;
}

/** Name of the user whose daemon this is. */
export function ownUser(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the password file, as in some containers.
    return String(process.getuid?.() ?? '');
  }
}
