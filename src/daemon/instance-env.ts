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
 * The environment of a process: that of the app, and PM2's names that tell it which instance it is. What the app's own
 * configuration says under such a name wins, but for the few that identify the instance.
 * @param instance the slot
 * @param spec what its process is made from
 * @param surroundings the daemon
 * @returns a new object: one for each process, as those of a start of many are garbage at the same time
 */
export function processEnv(instance: Instance, spec: AppSpec, { homeRoot, clock }: EnvSurroundings): Variables {
  const { process } = spec;
  const env = { ...process.env };
  const own = process.ownVariables ?? [];
  const tell = (name: string, value: string) => {
    if (!own.includes(name)) env[name] = value;
  };
  tellProgram(spec, tell);
  tellState(instance, spec, { clock, tell });
  // Clients of PM2 in the app find this daemon where it speaks to them; elsewhere they would make a PM2 in its home.
  if (existsSync(path.join(homeRoot, 'rpc.sock'))) tell('PM2_HOME', homeRoot);
  env['PWD'] = process.cwd;
  env['PROMVISOR_HOME'] = homeRoot;
  env['pm_id'] = String(instance.id);
  env[process.instanceVar] = String(instance.slot);
  const { incrementVar } = process;
  if (incrementVar !== null) env[incrementVar] = String(Number(process.env[incrementVar] ?? '0') + instance.slot);
  return env;
}

type Tell = (name: string, value: string) => void;

function tellProgram({ process, policy, name, namespace }: AppSpec, tell: Tell): void {
  const { interpreter } = process;
  tell('name', name);
  tell('namespace', namespace);
  tell('instances', String(process.instances));
  tell('exec_mode', `${process.execMode}_mode`);
  tell('exec_interpreter', interpreter);
  tell('pm_exec_path', process.script);
  tell('pm_cwd', process.cwd);
  tell('node_args', process.interpreterArgs.join(','));
  tell('instance_var', process.instanceVar);
  if (process.incrementVar !== null) tell('increment_var', process.incrementVar);
  tell('autostart', String(policy.autostart));
  tell('autorestart', String(policy.autorestart));
  tell('treekill', String(policy.treekill));
  tell('username', ownUser());
  if (interpreter.startsWith('python', interpreter.lastIndexOf('/') + 1)) tell('PYTHONUNBUFFERED', '1');
}

/** As it is when the process begins. */
function tellState(instance: Instance, spec: AppSpec, { clock, tell }: { clock: Clock; tell: Tell }): void {
  const { slot, state, logs, pidFile } = instance;
  const nowMs = clock.wallMs();
  const files = logs.files();
  tell('unique_id', uniqueIdOf({ spec, slot }));
  tell('status', 'launching');
  tell('pm_uptime', String(Math.round(nowMs)));
  tell('created_at', String(Math.round(nowMs - (clock.nowMs() - state.createdAtMs))));
  tell('restart_time', String(state.restartsShown));
  tell('unstable_restarts', String(state.unstableRestarts));
  tell('pm_out_log_path', files.out ?? '/dev/null');
  tell('pm_err_log_path', files.error ?? '/dev/null');
  tell('pm_pid_path', pidFile);
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
