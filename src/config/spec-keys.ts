import type { AppSpec } from '../core/spec.ts';
import { maskText, maskWords } from './mask.ts';

/** A value as an ecosystem file could say it, in its plain unit: milliseconds, bytes. */
export type KeyValue = string | number | boolean | null | readonly (string | number)[];

type Reader = (spec: AppSpec) => KeyValue;

/**
 * How each key of an ecosystem file is found in a spec, but for `instances` and the environment. Secrets are masked, so
 * two specs that differ may show the same.
 */
export const SPEC_KEYS: Readonly<Record<string, { readonly shown: Reader; readonly exact?: Reader }>> = {
  version: { shown: ({ version }) => version },
  script: { shown: ({ process }) => maskText(process.script), exact: ({ process }) => process.script },
  shell_line: { shown: ({ process }) => process.shellLine },
  args: { shown: ({ process }) => maskWords(process.args), exact: ({ process }) => process.args },
  interpreter: { shown: ({ process }) => process.interpreter },
  node_args: {
    shown: ({ process }) => maskWords(process.interpreterArgs),
    exact: ({ process }) => process.interpreterArgs,
  },
  cwd: { shown: ({ process }) => process.cwd },
  exec_mode: { shown: ({ process }) => process.execMode },
  schedule: { shown: ({ process }) => process.schedule },
  agent: { shown: ({ process }) => process.agent },
  telemetry: { shown: ({ process }) => process.telemetry },
  instance_var: { shown: ({ process }) => process.instanceVar },
  increment_var: { shown: ({ process }) => process.incrementVar },
  uid: { shown: ({ process }) => process.uid },
  gid: { shown: ({ process }) => process.gid },
  pid_file: { shown: ({ process }) => process.pidFile },
  source_map_support: { shown: ({ process }) => process.sourceMaps },
  autostart: { shown: ({ policy }) => policy.autostart },
  autorestart: { shown: ({ policy }) => policy.autorestart },
  max_restarts: { shown: ({ policy }) => policy.maxRestarts },
  min_uptime: { shown: ({ policy }) => policy.minUptimeMs },
  restart_delay: { shown: ({ policy }) => policy.restartDelayMs },
  exp_backoff_restart_delay: { shown: ({ policy }) => policy.expBackoffRestartDelayMs },
  stop_exit_codes: { shown: ({ policy }) => policy.stopExitCodes },
  kill_timeout: { shown: ({ policy }) => policy.killTimeoutMs },
  kill_signal: { shown: ({ policy }) => policy.killSignal },
  treekill: { shown: ({ policy }) => policy.treekill },
  shutdown_with_message: { shown: ({ policy }) => policy.shutdownWithMessage },
  wait_ready: { shown: ({ policy }) => policy.waitReady },
  listen_timeout: { shown: ({ policy }) => policy.listenTimeoutMs },
  max_memory_restart: { shown: ({ limits }) => limits.maxMemoryBytes },
  cron_restart: { shown: ({ triggers }) => triggers.cron?.pattern ?? null },
  cron_timezone: { shown: ({ triggers }) => triggers.cron?.timezone ?? null },
  watch: { shown: ({ triggers }) => triggers.watch?.paths ?? false },
  ignore_watch: { shown: ({ triggers }) => triggers.watch?.ignore ?? [] },
  watch_delay: { shown: ({ triggers }) => triggers.watch?.delayMs ?? null },
  'watch_options.usePolling': { shown: ({ triggers }) => triggers.watch?.usePolling ?? null },
  'watch_options.interval': { shown: ({ triggers }) => triggers.watch?.intervalMs ?? null },
  out_file: { shown: ({ logs }) => logs.outFile },
  error_file: { shown: ({ logs }) => logs.errorFile },
  log_file: { shown: ({ logs }) => logs.combinedFile },
  merge_logs: { shown: ({ logs }) => logs.merge },
  log_date_format: { shown: ({ logs }) => logs.dateFormat },
  log_type: { shown: ({ logs }) => logs.type },
  max_size: { shown: ({ logs }) => logs.roll.maxSizeBytes },
  frequency: { shown: ({ logs }) => logs.roll.frequency },
  retain: { shown: ({ logs }) => logs.roll.retain },
  max_age: { shown: ({ logs }) => logs.roll.maxAgeMs },
  compress: { shown: ({ logs }) => logs.roll.compress },
  max_total: { shown: ({ logs }) => logs.roll.maxTotalBytes },
  loki: { shown: ({ logs }) => logs.loki.enabled },
  'loki.labels': { shown: ({ logs }) => Object.entries(logs.loki.labels).map((label) => label.join('=')) },
};
