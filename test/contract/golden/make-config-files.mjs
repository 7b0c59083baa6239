/**
 * Makes pm2-config-files.json again: what a real PM2 starts for the files of test/fixtures/config and for the example,
 * and which variables its processes have.
 *
 *   PM2_BIN=/path/to/node_modules/.bin/pm2 node test/contract/golden/make-config-files.mjs
 *
 * PM2 7 does not read ESM and TypeScript files on every Node: it is given the same content as CommonJS, which is noted.
 * PM2 runs in a home of its own that is thrown away, and is ended by its own `kill`.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transformSync } from 'esbuild';

const run = promisify(execFile);
const REPO = fileURLToPath(new URL('../../../', import.meta.url));
const FILES = ['process.json', 'process.yml', 'esm.config.mjs', 'typed.config.ts', 'ecosystem.config.cjs'];
const LONGEST_WAIT_MS = 20_000;

const bin = process.env.PM2_BIN;
if (bin === undefined) throw new Error('PM2_BIN: expected the path of a pm2 program, got nothing');
const root = mkdtempSync(path.join(tmpdir(), 'pm2-golden-'));
const here = path.join(root, 'work');
const home = path.join(root, 'home');
const env = { PATH: process.env.PATH, HOME: root, PM2_HOME: home, PM2_DISCRETE_MODE: '1', SECRET_SAUCE: 'x' };

const pm2 = async (...args) => (await run(bin, args, { cwd: here, env, maxBuffer: 1e8 })).stdout;
const list = async () => JSON.parse(await pm2('jlist'));

async function settled() {
  const giveUpMs = Date.now() + LONGEST_WAIT_MS;
  for (;;) {
    const apps = await list();
    if (apps.length > 0 && apps.every(({ pm2_env }) => pm2_env.status !== 'launching')) return apps;
    if (Date.now() > giveUpMs) throw new Error('PM2 does not come to rest');
  }
}

/** As CommonJS where PM2 fails. */
async function start(file) {
  try {
    await pm2('start', file, '--env', 'production');
    return { startedAs: file };
  } catch {
    const name = file.replace(/\.config\.(mjs|ts)$/, '.config.cjs');
    const loader = file.endsWith('.ts') ? 'ts' : 'js';
    const { code } = transformSync(readFileSync(path.join(here, file), 'utf8'), { loader, format: 'cjs' });
    writeFileSync(path.join(here, name), `${code}\nmodule.exports = module.exports.default;\n`);
    await pm2('start', name, '--env', 'production');
    return { startedAs: name };
  }
}

/** Paths of this run, and numbers that differ by machine, are replaced. */
function scrubbed(text) {
  return text.replaceAll(home, 'HOME').replaceAll(here, 'WORK');
}

const ENVIRONMENT = `require('node:fs').writeFileSync(process.env.OUT, JSON.stringify(process.env));
setInterval(() => {}, 1000);
`;

/** What differs from run to run. */
function steady(name, value) {
  if (name === 'pm_uptime' || name === 'created_at') return 'MS';
  if (name === 'unique_id') return 'UUID';
  return name === 'username' ? 'USER' : scrubbed(value);
}

/** What a process sees beyond the shell of the command. */
async function variables() {
  writeFileSync(path.join(here, 'env.cjs'), ENVIRONMENT);
  const app = { script: './env.cjs', instances: 1, increment_var: 'N', node_args: '--no-warnings', args: 'a b' };
  const apps = ['fork', 'cluster'].map((mode) => {
    return { ...app, name: mode, exec_mode: mode, env: { OUT: path.join(here, mode), N: 5, A: { x: 1 } } };
  });
  writeFileSync(path.join(here, 'env.json'), JSON.stringify({ apps }));
  await pm2('start', 'env.json');
  await settled();
  const seen = {};
  for (const mode of ['fork', 'cluster']) {
    const giveUpMs = Date.now() + LONGEST_WAIT_MS;
    for (;;) {
      try {
        const all = JSON.parse(readFileSync(path.join(here, mode), 'utf8'));
        const own = Object.entries(all).filter(([name]) => env[name] === undefined || name === 'PM2_HOME');
        seen[mode] = Object.fromEntries(own.map(([name, value]) => [name, steady(name, value)]).sort());
        break;
      } catch (error) {
        if (Date.now() > giveUpMs) throw error;
      }
    }
  }
  return seen;
}

try {
  mkdirSync(here);
  cpSync(path.join(REPO, 'test/fixtures/config'), here, { recursive: true });
  cpSync(path.join(REPO, 'examples'), here, { recursive: true });
  mkdirSync(path.join(here, 'sub'));
  const files = {};
  for (const file of FILES) {
    const { startedAs } = await start(file);
    const apps = (await settled()).map(({ name, pm2_env }) => ({
      name,
      pm2_env: JSON.parse(scrubbed(JSON.stringify(pm2_env))),
    }));
    files[file] = { startedAs, apps: apps.map(row) };
    await pm2('delete', 'all');
  }
  const golden = { pm2: (await pm2('--version')).trim(), files, variables: await variables() };
  writeFileSync(new URL('./pm2-config-files.json', import.meta.url), `${JSON.stringify(golden, null, 1)}\n`);
} finally {
  await pm2('kill');
  rmSync(root, { recursive: true, force: true });
}

/** What a start decides; ids are left out, as PM2 counts on over `delete`. */
function row({ name, pm2_env: e }) {
  const keys = [
    ...['namespace', 'status', 'exec_mode', 'exec_interpreter', 'pm_exec_path', 'pm_cwd', 'args', 'node_args'],
    ...['autorestart', 'max_memory_restart', 'kill_timeout', 'min_uptime', 'max_restarts', 'stop_exit_codes'],
    ...['cron_restart', 'log_date_format', 'merge_logs', 'restart_time'],
  ];
  const kept = Object.fromEntries(keys.filter((key) => e[key] !== undefined).map((key) => [key, e[key]]));
  // As a path or by name: PATH decides.
  kept.exec_interpreter = path.basename(kept.exec_interpreter);
  const ofFile = ['NODE_ENV', 'LIMITS', 'DEBUG', 'SHARE', 'PORT', 'LIST', 'FLAG', 'JOBS_PER_SECOND', 'SECRET_SAUCE'];
  const variables = ofFile.filter((key) => e.env[key] !== undefined).map((key) => [key, String(e.env[key])]);
  const logs = { out: e.pm_out_log_path, error: e.pm_err_log_path };
  const withoutId = Object.entries(logs).map(([key, file]) => [key, file.replace(/-\d+(?=\.log$)/, '-ID')]);
  return {
    name,
    ...kept,
    instance: e[e.instance_var],
    logs: Object.fromEntries(withoutId),
    env: Object.fromEntries(variables),
  };
}
