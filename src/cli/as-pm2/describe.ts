import type { Row } from './row.ts';
import { boxed, uptimeText } from './tables.ts';

/**
 * Everything of an instance, in PM2's box.
 * @param row of jlist
 * @param about the moment, and the variables of this shell
 * @returns lines, each with its newline
 */
export function describeText(
  row: Row,
  { nowMs, shell }: { readonly nowMs: number; readonly shell: NodeJS.ProcessEnv },
): string {
  const rows = rowsOf(row, nowMs);
  const [widest, second] = [0, 1].map((at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  const { name, pm_id } = row;
  return [
    ` Describing process with id ${pm_id} - name ${name} \n`,
    boxed(rows, [widest ?? 0, second ?? 0]),
    ' Divergent env variables from local env \n',
    divergentText(row, shell),
    '\n',
    ` Use \`pm2 logs ${name} [--lines 1000]\` to display logs\n`,
    ` Use \`pm2 env ${pm_id}\` to display environment variables\n`,
    ` Use \`pm2 monit\` to monitor CPU and Memory usage ${name}\n`,
  ].join('');
}

function rowsOf({ name, pm_id, pm2_env: env }: Row, nowMs: number): (readonly [label: string, text: string])[] {
  const optional = (key: string, label: string) => (env[key] === undefined ? [] : [[label, String(env[key])] as const]);
  return [
    ['status', env.status],
    ['name', name],
    ['namespace', env.namespace],
    ['version', env.version],
    ['restarts', String(env.restart_time)],
    ...optional('max_memory_restart', 'max memory restart'),
    ...optional('cron_restart', 'cron restart'),
    ['uptime', env.status === 'online' ? uptimeText(nowMs - env.pm_uptime) : '0'],
    ['script path', env.pm_exec_path],
    ['script args', listText(env['args'])],
    ['error log path', env.pm_err_log_path],
    ['out log path', env.pm_out_log_path],
    ...optional('pm_log_path', 'entire log path'),
    ['pid path', env.pm_pid_path],
    ['interpreter', String(env['exec_interpreter'])],
    ['interpreter args', listText(env['node_args'])],
    ['script id', String(pm_id)],
    ['exec cwd', env.pm_cwd],
    ['exec mode', env.exec_mode],
    ['node.js version', String(env['node_version'] ?? 'N/A')],
    ['node env', env.env['NODE_ENV'] ?? 'N/A'],
    ['watch & reload', env['watch'] === false ? '✘' : '✔'],
    ['unstable restarts', String(env.unstable_restarts)],
    ['created at', env.created_at === null ? 'N/A' : new Date(env.created_at).toISOString()],
  ];
}

function listText(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? value.join(' ') : 'N/A';
}

/** Names that differ because of the supervisor itself, or with every command. */
const OWN_NAMES = /^(?:PM2_|PROMVISOR_|_$|OLDPWD$|SHLVL$|PWD$|unique_id$)/;

function divergentText({ pm2_env: { env } }: Row, shell: NodeJS.ProcessEnv): string {
  const rows = Object.entries(env).filter(([name, value]) => !OWN_NAMES.test(name) && shell[name] !== value);
  if (rows.length === 0) return '\n';
  const width = (at: 0 | 1) => Math.max(...rows.map((row) => row[at].length));
  return boxed(rows, [width(0), width(1)]);
}
