/**
 * Makes pm2-jlist.json again: what a real PM2 says of apps in each state, without what differs by machine.
 *
 *   PM2_BIN=/path/to/node_modules/.bin/pm2 node test/contract/golden/make.mjs
 *
 * PM2 runs in a home of its own that is thrown away, and is ended by its own `kill`.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LONGEST_WAIT_MS = 20_000;

const FULL = {
  name: 'full',
  script: './idle.js',
  namespace: 'shop',
  args: ['--port', '3', 'a b'],
  node_args: ['--max-old-space-size=64'],
  instances: 1,
  exec_mode: 'fork',
  env: { NODE_ENV: 'production', PORT: 3000 },
  env_staging: { NODE_ENV: 'staging' },
  max_memory_restart: '200M',
  min_uptime: '5s',
  max_restarts: 7,
  restart_delay: 100,
  exp_backoff_restart_delay: 150,
  stop_exit_codes: [0, 143],
  kill_timeout: 3000,
  listen_timeout: 4000,
  cron_restart: '0 4 * * *',
  time: true,
  log_type: 'json',
  out_file: './full-out.log',
  error_file: './full-err.log',
  log_file: './full.log',
  merge_logs: true,
  watch: ['src'],
  ignore_watch: ['node_modules'],
  watch_delay: 500,
  watch_options: { usePolling: true },
  increment_var: 'PORT',
  instance_var: 'SLOT',
};
const PAIR = { name: 'pair', script: './idle.js', instances: 2, exec_mode: 'fork', watch: true, stop_exit_codes: [9] };

const bin = process.env.PM2_BIN;
if (bin === undefined) throw new Error('PM2_BIN: expected the path of a pm2 program, got nothing');
const root = await mkdtemp(path.join(tmpdir(), 'pm2-golden-'));
const here = path.join(root, 'app');
const home = path.join(root, 'home');
const env = { PATH: process.env.PATH, HOME: root, PM2_HOME: home, PM2_DISCRETE_MODE: '1' };

const pm2 = async (...args) => (await run(bin, args, { cwd: here, env, maxBuffer: 1e8 })).stdout;

/** Asks until every app is where it shall be. */
async function settled(expected) {
  const giveUpMs = Date.now() + LONGEST_WAIT_MS;
  for (;;) {
    const list = JSON.parse(await pm2('jlist'));
    const is = list.map((app) => `${app.name} ${app.pm2_env.status}`).join(', ');
    if (is === expected) return list;
    if (Date.now() > giveUpMs) throw new Error(`expected "${expected}", PM2 says "${is}"`);
  }
}

/** Stops an app once it has told what Node it runs on. */
async function stopOnceKnown(name) {
  const giveUpMs = Date.now() + LONGEST_WAIT_MS;
  const isKnown = (app) => app.name === name && app.pm2_env.node_version !== undefined;
  while (!JSON.parse(await pm2('jlist')).some(isKnown)) {
    if (Date.now() > giveUpMs) throw new Error(`${name}: expected a node_version, PM2 has none`);
  }
  await pm2('stop', name);
}

/** Replaces what differs by machine, moment and shell. */
function scrubbed(app) {
  const variables = new Map(Object.keys(app.pm2_env.env).map((name) => [name, app.pm2_env.env[name]]));
  const scrub = (key, value) => {
    if (key === 'unique_id') return '00000000-0000-4000-8000-000000000000';
    if (variables.has(key) && typeof value === 'string' && key !== app.name) return 'value';
    if (key === 'username') return 'user';
    if (key === 'node_version') return '20.0.0';
    if (key === 'pid' && value !== 0) return 4242;
    if (key === '_tree_pids') return [4242];
    if (key === 'memory' && value !== 0) return 50_000_000;
    if (key === 'cpu' && value !== 0) return 0.4;
    if ((key === 'pm_uptime' || key === 'created_at') && value !== null) return 1_700_000_000_000;
    if (key === 'axm_monitor') return Object.fromEntries(Object.keys(value).map((name) => [name, { value: 0 }]));
    return typeof value === 'string' ? value.replaceAll(home, '/home/user/.pm2').replaceAll(here, '/srv/app') : value;
  };
  return JSON.parse(JSON.stringify(app, scrub));
}

try {
  await mkdir(here);
  await writeFile(path.join(here, 'idle.js'), 'setInterval(() => {}, 1000);\n');
  await writeFile(path.join(here, 'bad.js'), 'process.exit(3);\n');
  await writeFile(path.join(here, 'loop.sh'), 'while :; do sleep 1; done\n');
  await writeFile(
    path.join(here, 'ecosystem.config.cjs'),
    `module.exports = ${JSON.stringify({ apps: [FULL, PAIR] })};\n`,
  );
  await pm2('start', 'idle.js', '--name', 'plain');
  await pm2('start', 'idle.js', '--name', 'halted');
  await stopOnceKnown('halted');
  await pm2('start', 'bad.js', '--name', 'bad', '--max-restarts', '2');
  await pm2('start', 'bad.js', '--name', 'waiting', '--exp-backoff-restart-delay', '60000');
  await pm2('start', 'loop.sh');
  await pm2('start', 'sleep 1000; echo done', '--name', 'line');
  await pm2('start', 'ecosystem.config.cjs');
  await pm2('start', 'idle.js', '--name', 'many', '-i', '2');
  await pm2('start', 'idle.js', '--name', 'rested', '-i', '1');
  await stopOnceKnown('rested');
  await pm2('start', 'bad.js', '--name', 'broken', '-i', '1', '--max-restarts', '1');
  const list = await settled(
    'plain online, halted stopped, bad errored, waiting waiting restart, loop online, line online, ' +
      'full online, pair online, pair online, many online, many online, rested stopped, broken errored',
  );
  const golden = { pm2: (await pm2('--version')).trim(), list: list.map(scrubbed) };
  await writeFile(new URL('./pm2-jlist.json', import.meta.url), `${JSON.stringify(golden, null, 2)}\n`);
} finally {
  await pm2('kill');
  await rm(root, { recursive: true, force: true });
}
