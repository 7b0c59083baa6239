// An app for each key of an ecosystem file, and for each of its other names: `has-KEY`. `plain` has none.
// It is called otherwise than the key, as PM2 puts the name of an app among its variables, and those among its keys.
const idle = { script: 'idle.sh' };
const node = { script: 'tell.js', pmx: false };
const given = {
  name_prefix: 'shop',
  append_env_to_name: true,
  namespace: 'jobs',
  cwd: 'sub',
  args: 'a "b c"',
  filter_env: ['DROP_'],
  port: 4000,
  out_file: 'out_file.log',
  out: 'out.log',
  output: 'output.log',
  out_log: 'out_log.log',
  error_file: 'error_file.log',
  error: 'error.log',
  err: 'err.log',
  err_file: 'err_file.log',
  err_log: 'err_log.log',
  log_file: 'log_file.log',
  log: 'log.log',
  pid_file: 'pid_file.pid',
  pid: 'pid.pid',
  merge_logs: false,
  combine_logs: false,
  log_date_format: 'YYYY-MM-DD',
  time: true,
  log_type: 'json',
  disable_logs: true,
  max_memory_restart: '200M',
  min_uptime: '5s',
  max_restarts: '3',
  restart_delay: 500,
  exp_backoff_restart_delay: 100,
  autorestart: false,
  autostart: false,
  stop_exit_codes: [0, 3],
  kill_timeout: '2000',
  kill_retry_time: 200,
  treekill: false,
  shutdown_with_message: true,
  listen_timeout: 4000,
  cron_restart: '0 4 * * *',
  cron: '0 5 * * *',
  watch: ['public'],
  force: true,
  post_update: ['npm install'],
  vizion: false,
  pmx: false,
  automation: false,
  trace: false,
  disable_trace: true,
  v8: true,
  event_loop_inspector: true,
  deep_monitoring: true,
  io: { sources: 'none' },
  windowsHide: false,
  username: 'somebody',
  install_url: 'http://127.0.0.1/none',
  write: false,
  env: { STAGE: 'one', NESTED: { a: 1 }, NUMBER: 3 },
};
const extra = {
  ignore_watch: { watch: ['public'] },
  watch_delay: { watch: ['public'] },
  watch_options: { watch: ['public'] },
  port: { env: { STAGE: 'one' } },
};
const more = { ignore_watch: ['*.tmp'], watch_delay: 300, watch_options: { usePolling: false } };
const ofNode = {
  interpreter: 'node',
  exec_interpreter: 'node',
  node_args: '--no-warnings --stack-size=900',
  interpreter_args: ['--no-warnings'],
  exec_mode: 'fork',
  execute_command: true,
  wait_ready: true,
  source_map_support: true,
  disable_source_map_support: true,
};
const counted = {
  instances: { script: 'api.js', pmx: false, instances: 2, env: { PORT: '0' } },
  increment_var: { ...node, instances: 2, exec_mode: 'fork', increment_var: 'SLOT', env: { SLOT: '7' } },
  instance_var: { ...node, instances: 2, exec_mode: 'fork', instance_var: 'SLOT' },
};
const camelCase = (key) => key.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const named = (key) => `has-${key}`;
const apps = [
  { ...idle, name: 'plain' },
  { ...node, name: 'plain-node' },
];
for (const [key, value] of Object.entries({ ...given, ...more })) {
  apps.push({ ...idle, ...extra[key], name: named(key), [key]: value });
  const other = camelCase(key);
  if (other !== key) apps.push({ ...idle, ...extra[key], name: named(other), [other]: value });
}
for (const [key, value] of Object.entries(ofNode)) apps.push({ ...node, name: named(key), [key]: value });
for (const [name, app] of Object.entries(counted)) apps.push({ ...app, name: named(name) });
for (const key of ['script', 'exec', 'cmd', 'command']) apps.push({ [key]: 'idle.sh', name: named(key) });
apps.push({ script: 'sleep 1000', name: 'shell-line' }, { script: 'sleep', args: '1000', name: 'program' });
module.exports = { apps };
