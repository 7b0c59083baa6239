import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { isRunning, killQuietly } from './processes.ts';
import type { TestHome } from './test-home.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export interface Pm2Row {
  readonly id: number;
  readonly name: string;
  readonly pid: number;
  readonly status: string;
}

/** The real PM2, in a home of the test's own; it ends with the test. */
export interface Pm2 {
  /** Variables with which promvisor finds it. */
  readonly env: Readonly<Record<string, string>>;
  readonly home: string;
  cli(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  list(): Promise<readonly Pm2Row[]>;
}

/**
 * Makes a home for PM2 in that of a test.
 * @param home of the test
 * @param program of PM2
 */
export function pm2In(home: TestHome, program: string): Pm2 {
  const folder = path.join(home.root, 'pm2');
  mkdirSync(folder);
  const { PATH = '' } = home.env;
  const env = {
    PATH: `${path.dirname(program)}:${PATH}`,
    PM2_HOME: folder,
    PM2_DISABLE_VERSION_CHECK: 'true',
    PM2_DISCRETE_MODE: 'true',
  };
  const cli = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const options = { env: { ...home.env, ...env, ...more }, cwd: home.work, timeout: 60_000 };
    return (await run(process.execPath, [program, ...args], options)).stdout;
  };
  onTestFinished(async () => {
    const pidFile = path.join(folder, 'pm2.pid');
    if (!existsSync(pidFile)) return;
    const pid = Number(readFileSync(pidFile, 'latin1'));
    await cli(['kill']).catch(() => killQuietly(pid));
    await until(() => !isRunning(pid), { what: 'PM2 is gone' });
  }, 90_000);
  const list = async () => {
    const rows = JSON.parse(await cli(['jlist'])) as {
      pm_id: number;
      name: string;
      pid: number;
      pm2_env: { status: string };
    }[];
    return rows.map(({ pm_id: id, name, pid, pm2_env: { status } }) => ({ id, name, pid, status }));
  };
  return { env, home: folder, cli, list };
}
