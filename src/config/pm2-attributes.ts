/** Attributes of a process of PM2 that mean the same in an app of ours. */
const SAME = [
  ...[
    'args',
    'node_args',
    'max_memory_restart',
    'min_uptime',
    'max_restarts',
    'restart_delay',
    'autorestart',
    'autostart',
  ],
  ...[
    'exp_backoff_restart_delay',
    'stop_exit_codes',
    'kill_timeout',
    'treekill',
    'shutdown_with_message',
    'wait_ready',
  ],
  ...['listen_timeout', 'cron_restart', 'watch', 'ignore_watch', 'watch_delay', 'watch_options', 'instance_var'],
  ...['increment_var', 'log_date_format', 'log_type', 'disable_logs', 'source_map_support', 'uid', 'gid'],
];

/**
 * What a process of PM2 says of itself, as attributes of an ecosystem file.
 * @param attributes its `pm2_env`, or what PM2's client asks to start
 * @returns all but name, number of instances and log files
 */
export function appOfPm2(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const same = SAME.flatMap((key) =>
    isUsed(attributes[key]) || attributes[key] === false ? [[key, attributes[key]]] : [],
  );
  return {
    ...Object.fromEntries(same),
    script: attributes['pm_exec_path'],
    cwd: attributes['pm_cwd'],
    interpreter: attributes['exec_interpreter'],
    exec_mode: attributes['exec_mode'],
  };
}

/** PM2 has empty values where nothing was said. */
export function isUsed(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return !(Array.isArray(value) && value.length === 0);
}
