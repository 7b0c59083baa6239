import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { PM2_VERSION } from '../base/pm2-version.ts';
import { stableId } from '../base/stable-id.ts';
import { LISTEN_TIMEOUT_MS } from '../config/policy-defaults.ts';
import type { ExitRecord } from '../core/exit.ts';
import type { AppSpec, LogsSpec, PolicySpec, ProcessSpec, WatchSpec } from '../core/spec.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** What PM2 does where nothing is written: it shows these attributes only where they were. */
const PM2_DEFAULT = { maxRestarts: 16, minUptimeMs: 1000, killTimeoutMs: 1600 } as const;
/** The format that PM2's `time: true` stands for. */
const TIME_FORMAT = 'YYYY-MM-DDTHH:mm:ss';

/** Keys that PM2 always shows and that mean nothing here: no APM, no git metadata, no console window. */
const FIXED: Attributes = {
  vizion: false,
  vizion_running: false,
  pmx: false,
  automation: false,
  km_link: false,
  windowsHide: true,
  kill_retry_time: 100,
  axm_actions: [],
  axm_monitor: {},
  axm_dynamic: {},
};

/** Every key that is ours in `pm2_env`: a variable of such a name is shown in `env` only. */
export const PM2_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(FIXED),
  ...['name', 'namespace', 'version', 'axm_options', 'args', 'node_args', 'pm_exec_path', 'pm_cwd', 'exec_interpreter'],
  ...['exec_mode', 'instances', 'instance_var', 'increment_var', 'uid', 'gid', 'autostart', 'autorestart', 'treekill'],
  ...['max_restarts', 'min_uptime', 'kill_timeout', 'listen_timeout', 'restart_delay', 'exp_backoff_restart_delay'],
  ...['wait_ready', 'shutdown_with_message', 'stop_exit_codes', 'max_memory_restart', 'cron_restart', 'watch'],
  ...['ignore_watch', 'watch_delay', 'watch_options', 'merge_logs', 'log_date_format', 'time', 'log_type', 'env'],
  ...['username', 'unique_id', 'pm_out_log_path', 'pm_err_log_path', 'pm_log_path', 'pm_pid_path', 'status'],
  ...['pm_uptime', 'created_at', 'pm_id', 'restart_time', 'unstable_restarts', 'node_version', 'exit_code'],
  ...['prev_restart_delay', 'filter_env', '_pm2_version', 'disable_logs', 'disable_source_map_support'],
]);

/**
 * Says the attributes of an app in the keys and units of PM2's `pm2_env`.
 * @param spec the app; what equals PM2's default is left out where PM2 leaves it out
 * @returns attributes by PM2's key, without environment values
 */
export function attributesOf(spec: AppSpec): Attributes {
  const { triggers, limits } = spec;
  return {
    name: spec.name,
    namespace: spec.namespace,
    version: spec.version,
    ...FIXED,
    axm_options: { module_name: spec.name },
    ...programOf(spec.process),
    // PM2's own command line leaves it behind; config files do not.
    ...(spec.configFile === null ? { filter_env: [] } : {}),
    ...(spec.process.execMode === 'cluster' ? { _pm2_version: PM2_VERSION } : {}),
    ...policyOf(spec.policy),
    ...(limits.maxMemoryBytes === null ? {} : { max_memory_restart: limits.maxMemoryBytes }),
    ...(triggers.cron === null ? {} : { cron_restart: triggers.cron.pattern }),
    ...(triggers.watch === null ? {} : watchOf(triggers.watch)),
    ...logsOf(spec.logs),
  };
}

function programOf(process: ProcessSpec): Attributes {
  const shell = process.interpreter === 'none' ? 'bash' : process.interpreter;
  const args = process.shellLine ? ['-c', process.script, ...process.args] : process.args;
  return {
    ...(args.length === 0 ? {} : { args }),
    node_args: process.interpreterArgs,
    pm_exec_path: process.shellLine ? foundIn(process.env['PATH'], shell) : process.script,
    pm_cwd: process.cwd,
    exec_interpreter: process.shellLine ? 'none' : process.interpreter,
    exec_mode: `${process.execMode}_mode`,
    instances: process.instances,
    instance_var: process.instanceVar,
    ...(process.incrementVar === null ? {} : { increment_var: process.incrementVar }),
    ...(process.sourceMaps ? {} : { disable_source_map_support: true }),
    ...(process.uid === null ? {} : { uid: process.uid }),
    ...(process.gid === null ? {} : { gid: process.gid }),
  };
}

/** PM2 names the shell of a line by its path. */
function foundIn(folders: string | undefined, program: string): string {
  if (program.includes('/')) return program;
  const files = (folders ?? '').split(path.delimiter).map((folder) => path.join(folder, program));
  return files.find((file) => path.isAbsolute(file) && existsSync(file)) ?? program;
}

function policyOf(policy: PolicySpec): Attributes {
  const [onlyCode, ...moreCodes] = policy.stopExitCodes;
  return {
    autostart: policy.autostart,
    autorestart: policy.autorestart,
    treekill: policy.treekill,
    ...unless(PM2_DEFAULT.maxRestarts, 'max_restarts', policy.maxRestarts),
    ...unless(PM2_DEFAULT.minUptimeMs, 'min_uptime', policy.minUptimeMs),
    ...unless(PM2_DEFAULT.killTimeoutMs, 'kill_timeout', policy.killTimeoutMs),
    // Ours is longer than PM2's, and as much a default.
    ...unless(LISTEN_TIMEOUT_MS, 'listen_timeout', policy.listenTimeoutMs),
    ...unless(0, 'restart_delay', policy.restartDelayMs),
    ...unless(0, 'exp_backoff_restart_delay', policy.expBackoffRestartDelayMs),
    ...unless(false, 'wait_ready', policy.waitReady),
    ...unless(false, 'shutdown_with_message', policy.shutdownWithMessage),
    // A list of one is a plain number with PM2.
    ...unless(undefined, 'stop_exit_codes', moreCodes.length === 0 ? onlyCode : policy.stopExitCodes),
  };
}

function unless<T>(usual: T, key: string, value: T): Attributes {
  return value === usual ? {} : { [key]: value };
}

/**
 * Says what is watched as PM2's `watch` does.
 * @param watch what the app has watched
 * @param cwd its absolute working directory
 * @returns true for the working directory alone, else the paths, those below it as they are written in a file
 */
export function watchedOf(watch: WatchSpec, cwd: string): true | readonly string[] {
  if (watch.paths.length === 1 && watch.paths[0] === cwd) return true;
  return watch.paths.map((watched) => (watched.startsWith(`${cwd}/`) ? path.relative(cwd, watched) : watched));
}

function watchOf(watch: WatchSpec): Attributes {
  return {
    ...(watch.ignore.length === 0 ? {} : { ignore_watch: watch.ignore }),
    ...unless(0, 'watch_delay', watch.delayMs),
    ...(watch.usePolling ? { watch_options: { usePolling: true, interval: watch.intervalMs } } : {}),
  };
}

function logsOf(logs: LogsSpec): Attributes {
  return {
    ...(logs.merge ? { merge_logs: true } : {}),
    ...(logs.dateFormat === null ? {} : { log_date_format: logs.dateFormat }),
    ...(logs.dateFormat === TIME_FORMAT ? { time: true } : {}),
    ...(logs.type === 'json' ? { log_type: 'json' } : {}),
    ...([logs.outFile, logs.errorFile, logs.combinedFile].every((file) => file === null) ? { disable_logs: true } : {}),
  };
}

/**
 * Says how a process ended in one number, as a shell does.
 * @param exit the death
 * @returns its code, 128 + number of the signal, or null when unknown
 */
export function exitCodeOf(exit: ExitRecord): number | null {
  if (exit.signal === null) return exit.code;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  const number = numbers[exit.signal];
  return number === undefined ? null : 128 + number;
}

/**
 * Names an instance for good: the same over restarts of the process and of the daemon.
 * @param instance slot and spec
 * @returns text in the form of a UUID
 */
export function uniqueIdOf({ spec, slot }: { readonly spec: AppSpec; readonly slot: number }): string {
  const { name, namespace, process } = spec;
  const seed = JSON.stringify([namespace, name, slot, process.cwd, process.script]);
  return stableId(seed);
}
