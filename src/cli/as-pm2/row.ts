import type { Client } from '../../api/client.ts';

/** An entry of `jlist`, as far as the texts of PM2 need it. */
export interface Row {
  readonly pid: number;
  readonly name: string;
  readonly pm_id: number;
  readonly monit: { readonly memory: number; readonly cpu: number };
  readonly pm2_env: Pm2Env;
}

/** What `pm2_env` always has; the rest is by key. */
export interface Pm2Env extends Readonly<Record<string, unknown>> {
  readonly namespace: string;
  readonly version: string;
  readonly exec_mode: string;
  readonly status: string;
  readonly restart_time: number;
  readonly unstable_restarts: number;
  readonly pm_uptime: number;
  readonly created_at: number | null;
  readonly pm_exec_path: string;
  readonly pm_cwd: string;
  readonly pm_out_log_path: string;
  readonly pm_err_log_path: string;
  readonly pm_pid_path: string;
  readonly username: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The list of a daemon.
 * @param client of a daemon that runs
 * @returns entries by id
 * @throws PromvisorError of the call
 */
export async function rowsOf(client: Client): Promise<readonly Row[]> {
  // The daemon's own text: api/jlist.ts, held to PM2's shape by its tests.
  return JSON.parse(await client.jlistText()) as Row[];
}
