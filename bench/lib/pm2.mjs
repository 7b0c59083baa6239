import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, runOk, until } from './command.mjs';
import { isAlive } from './proc.mjs';
import { killQuietly } from './scratch.mjs';

const PM2_VERSION = '7.0.4';
const EXPORTER = 'pm2-prometheus-exporter';
const EXPORTER_VERSION = '0.1.1';

/**
 * Finds PM2 (PROMVISOR_BENCH_PM2: its program or the folder it is installed in) or installs it from npm into a cache
 * folder below the system's temp folder. It is run, never read, and never a dependency.
 * @returns {Promise<string>} path of its program
 */
export async function findPm2() {
  const given = process.env.PROMVISOR_BENCH_PM2;
  if (given !== undefined && given !== '') {
    return path.resolve(statSync(given).isDirectory() ? path.join(given, 'node_modules/.bin/pm2') : given);
  }
  return path.join(await installed('pm2', PM2_VERSION), 'node_modules/.bin/pm2');
}

/**
 * Finds (PROMVISOR_BENCH_EXPORTER: the folder it is installed in) or installs the most used Prometheus exporter for PM2.
 * @returns {Promise<string>} path of its main file
 */
export async function findExporter() {
  const given = process.env.PROMVISOR_BENCH_EXPORTER;
  const folder =
    given !== undefined && given !== '' ? path.resolve(given) : await installed(EXPORTER, EXPORTER_VERSION);
  return path.join(folder, 'node_modules', EXPORTER, 'exporter.js');
}

async function installed(name, version) {
  const folder = path.join(tmpdir(), `promvisor-bench-cache-${name}-${version}`);
  if (existsSync(path.join(folder, 'node_modules', name, 'package.json'))) return folder;
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`installing ${name}@${version} into ${folder}\n`);
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save'];
  await runOk(['npm', 'install', '--prefix', folder, ...options, `${name}@${version}`], {
    env: process.env,
    cwd: folder,
    timeoutMs: 600_000,
  });
  return folder;
}

/**
 * PM2 in a home of its own.
 * @param {ReturnType<typeof import('./scratch.mjs').createScratch>} scratch
 */
export async function createPm2(scratch) {
  const program = await findPm2();
  const home = path.join(scratch.root, 'pm2');
  mkdirSync(home);
  const env = { ...scratch.env, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true', PM2_DISCRETE_MODE: 'true' };
  const argv = (args) => [process.execPath, program, ...args];
  const daemonPid = () => Number(readFileSync(path.join(home, 'pm2.pid'), 'latin1'));
  const cli = (...args) => runOk(argv(args), { env, cwd: scratch.root });
  return {
    name: 'pm2',
    home,
    env,
    argv,
    cli,
    daemonPid,
    wake: () => cli('ping'),
    startFile: (file) => cli('start', file),
    restartAll: () => cli('restart', 'all'),
    deleteAll: () => cli('delete', 'all'),
    /** Ends with the code that the command gives, 0 or not. */
    reload: (app) => run(argv(['reload', app]), { env, cwd: scratch.root }),
    async list() {
      const { stdout } = await cli('jlist');
      return JSON.parse(stdout).map(({ pm_id, name, pid, pm2_env }) => ({
        id: pm_id,
        name,
        pid,
        status: pm2_env.status,
      }));
    },
    logFile: (app) => path.join(home, 'logs', `${app}-out.log`),
    async end() {
      if (!existsSync(path.join(home, 'pm2.pid'))) return;
      const pid = daemonPid();
      await run(argv(['kill']), { env, cwd: scratch.root, timeoutMs: 60_000 });
      await until(() => !isAlive(pid), { what: 'PM2 gone', timeoutMs: 10_000 }).catch(() => killQuietly(pid));
    },
  };
}
