import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, runOk, until } from './command.mjs';
import { isAlive } from './proc.mjs';
import { killQuietly } from './scratch.mjs';

/** The built CLI: of this checkout, or one that PROMVISOR_BENCH_PROMVISOR names, to compare two builds. */
const PROGRAM = path.resolve(
  process.env.PROMVISOR_BENCH_PROMVISOR || fileURLToPath(new URL('../../dist/bin/promvisor.cjs', import.meta.url)),
);

/**
 * The built promvisor in a home of its own.
 * @param {ReturnType<typeof import('./scratch.mjs').createScratch>} scratch
 */
export function createPromvisor(scratch) {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM}: expected the built CLI; run "npm run build" first`);
  const home = path.join(scratch.root, 'promvisor');
  mkdirSync(home, { mode: 0o700 });
  const env = { ...scratch.env, PROMVISOR_HOME: home, PROMVISOR_HTTP_LISTEN: '127.0.0.1:0' };
  const argv = (args) => [process.execPath, PROGRAM, ...args];
  const cli = (...args) => runOk(argv(args), { env, cwd: scratch.root });
  let pid = 0;
  const ping = async () => JSON.parse((await cli('ping', '--json')).stdout);
  return {
    name: 'promvisor',
    home,
    env,
    argv,
    cli,
    daemonPid: () => pid,
    /** Starts the daemon, with no app, through a start that is undone. */
    async wake() {
      await cli('start', '/bin/sleep', '--name', 'waker', '--interpreter', 'none', '--', '60');
      await cli('delete', 'waker');
      pid = (await ping()).pid;
    },
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
    /** Bound host:port of the read-only listener. */
    httpAddress: () =>
      until(async () => (await ping()).http.address, {
        what: 'address of the HTTP listener',
        timeoutMs: 10_000,
        everyMs: 100,
      }),
    async end() {
      await run(argv(['kill']), { env, cwd: scratch.root, timeoutMs: 60_000 });
      if (pid !== 0)
        await until(() => !isAlive(pid), { what: 'daemon gone', timeoutMs: 10_000 }).catch(() => killQuietly(pid));
    },
  };
}
