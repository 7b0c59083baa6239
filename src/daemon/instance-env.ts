import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { uniqueIdOf } from '../api/jlist-attributes.ts';
import type { Clock } from '../base/clock.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Instance } from './instance.ts';

export interface EnvSurroundings {
  /** PROMVISOR_HOME of this daemon. */
  readonly homeRoot: string;
  readonly clock: Clock;
}

type Variables = Record<string, string>;

/**
 * Variables that tell a process which instance it is: PM2's names, as apps read them. What the app's own configuration
 * says under such a name wins, but for the few that identify the instance.
 * @param instance the slot
 * @param spec what its process is made from
 * @param surroundings the daemon
 * @returns variables that win over those of `spec`
 */
export function instanceEnv(instance: Instance, spec: AppSpec, { homeRoot, clock }: EnvSurroundings): Variables {
  const { process } = spec;
  const told: Variables = { ...programOf(spec), ...stateOf(instance, spec, clock), ...pm2Home(homeRoot) };
  for (const name of process.ownVariables ?? []) delete told[name];
  const identity: Variables = {
    ...told,
    PWD: process.cwd,
    PROMVISOR_HOME: homeRoot,
    pm_id: String(instance.id),
    [process.instanceVar]: String(instance.slot),
  };
  const start = process.incrementVar === null ? undefined : process.env[process.incrementVar];
  if (process.incrementVar !== null) identity[process.incrementVar] = String(Number(start ?? '0') + instance.slot);
  return identity;
}

function programOf(spec: AppSpec): Variables {
  const { process, policy, name, namespace } = spec;
  const program = process.interpreter.slice(process.interpreter.lastIndexOf('/') + 1);
  return {
    name,
    namespace,
    instances: String(process.instances),
    exec_mode: `${process.execMode}_mode`,
    exec_interpreter: process.interpreter,
    pm_exec_path: process.script,
    pm_cwd: process.cwd,
    node_args: process.interpreterArgs.join(','),
    instance_var: process.instanceVar,
    ...(process.incrementVar === null ? {} : { increment_var: process.incrementVar }),
    autostart: String(policy.autostart),
    autorestart: String(policy.autorestart),
    treekill: String(policy.treekill),
    username: ownUser(),
    ...(program.startsWith('python') ? { PYTHONUNBUFFERED: '1' } : {}),
  };
}

/** As it is when the process begins. */
function stateOf({ slot, state, logs, pidFile }: Instance, spec: AppSpec, clock: Clock): Variables {
  const nowMs = clock.wallMs();
  const files = logs.files();
  return {
    unique_id: uniqueIdOf({ spec, slot }),
    status: 'launching',
    pm_uptime: String(Math.round(nowMs)),
    created_at: String(Math.round(nowMs - (clock.nowMs() - state.createdAtMs))),
    restart_time: String(state.restartsShown),
    unstable_restarts: String(state.unstableRestarts),
    pm_out_log_path: files.out ?? '/dev/null',
    pm_err_log_path: files.error ?? '/dev/null',
    pm_pid_path: pidFile,
  };
}

/** Clients of PM2 in the app find this daemon where it speaks to them; elsewhere they would make a PM2 in its home. */
function pm2Home(homeRoot: string): Variables {
  return existsSync(path.join(homeRoot, 'rpc.sock')) ? { PM2_HOME: homeRoot } : {};
}

let user: string | null = null;

/** Name of the user whose daemon this is. */
export function ownUser(): string {
  user ??= findUser();
  return user;
}

function findUser(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the password file, as in some containers.
    return String(process.getuid?.() ?? '');
  }
}
