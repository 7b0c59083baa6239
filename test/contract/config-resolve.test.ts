import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasZstd } from '../../src/base/zstd.ts';
import { resolveApps } from '../../src/config/resolve.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { commandIn, errorOf, folder, problemsOf, resolveOne } from '../support/config.ts';

type Look<T> = (spec: AppSpec, cwd: string) => T;

/** [what is written, what is looked at, what it must be] */
const ATTRIBUTES: readonly (readonly [object, Look<unknown>, unknown])[] = [
  [{}, ({ name }) => name, 'app'],
  [{ name: 'web' }, ({ name }) => name, 'web'],
  [{ name: 7 }, ({ name }) => name, '7'],
  [{ name: 'web', name_prefix: 'shop' }, ({ name }) => name, 'shop:web'],
  [{}, ({ namespace }) => namespace, 'default'],
  [{ args: 'a b "c d"' }, ({ process }) => process.args, ['a', 'b', 'c d']],
  [{ args: ['-n', 3, true] }, ({ process }) => process.args, ['-n', '3', 'true']],
  [
    { node_args: '--inspect --trace-warnings' },
    ({ process }) => process.interpreterArgs,
    ['--inspect', '--trace-warnings'],
  ],
  [{ interpreterArgs: ['-u'] }, ({ process }) => process.interpreterArgs, ['-u']],
  [{ exec_interpreter: 'deno' }, ({ process }) => process.interpreter, 'deno'],
  [{ interpreter: './run' }, ({ process }, cwd) => path.relative(cwd, process.interpreter), 'run'],
  [{ instances: 'max' }, ({ process }) => process.instances, 4],
  [{ instances: 0 }, ({ process }) => process.instances, 4],
  [{ instances: '-1' }, ({ process }) => process.instances, 3],
  [{ instances: -99 }, ({ process }) => process.instances, 1],
  [{ instances: '2' }, ({ process }) => process.instances, 2],
  [{}, ({ process }) => process.execMode, 'fork'],
  [{ instances: 1 }, ({ process }) => process.execMode, 'cluster'],
  [{ instances: 'max' }, ({ process }) => process.execMode, 'cluster'],
  [{ instances: -1 }, ({ process }) => process.execMode, 'cluster'],
  [{ instances: -2 }, ({ process }) => process.execMode, 'fork'],
  [{ instances: 2, exec_mode: 'fork' }, ({ process }) => process.execMode, 'fork'],
  [{ instances: 2, execMode: 'fork_mode' }, ({ process }) => process.execMode, 'fork'],
  [{ exec_mode: 'cluster_mode' }, ({ process }) => process.execMode, 'cluster'],
  [{ instances: 4, interpreter: 'python3' }, ({ process }) => process.execMode, 'fork'],
  [{ instances: 2, execute_command: true }, ({ process }) => process.execMode, 'fork'],
  [{ max_memory_restart: '1.5G' }, ({ limits }) => limits.maxMemoryBytes, 1.5 * 1024 ** 3],
  [{ maxMemoryRestart: 1000 }, ({ limits }) => limits.maxMemoryBytes, 1000],
  [{}, ({ limits }) => limits.maxMemoryBytes, null],
  [{ min_uptime: '5m' }, ({ policy }) => policy.minUptimeMs, 300_000],
  [{ restart_delay: '250' }, ({ policy }) => policy.restartDelayMs, 250],
  [{ stop_exit_codes: 3 }, ({ policy }) => policy.stopExitCodes, [3]],
  [{ stop_exit_codes: ['0', 143] }, ({ policy }) => policy.stopExitCodes, [0, 143]],
  [{ autorestart: 'false' }, ({ policy }) => policy.autorestart, false],
  [
    { cron: '0 4 * * *', cron_timezone: 'Europe/Berlin' },
    ({ triggers }) => triggers.cron,
    { pattern: '0 4 * * *', timezone: 'Europe/Berlin' },
  ],
  [{ cron_restart: '*/5 * * * * *' }, ({ triggers }) => triggers.cron, { pattern: '*/5 * * * * *', timezone: null }],
  [{ cron_restart: 0 }, ({ triggers }) => triggers.cron, null],
  [{ watch: true }, ({ triggers }, cwd) => triggers.watch?.paths.map((file) => path.relative(cwd, file)), ['']],
  [
    { watch: 'src lib' },
    ({ triggers }, cwd) => triggers.watch?.paths.map((file) => path.relative(cwd, file)),
    ['src', 'lib'],
  ],
  [{ watch: true, ignore_watch: ['logs', /\.tmp$/] }, ({ triggers }) => triggers.watch?.ignore, ['logs', '\\.tmp$']],
  [
    { watch: true, watch_delay: 500, watch_options: { usePolling: true } },
    ({ triggers }) => [triggers.watch?.delayMs, triggers.watch?.usePolling],
    [500, true],
  ],
  [{ watch: false }, ({ triggers }) => triggers.watch, null],
  [{ time: true }, ({ logs }) => logs.dateFormat, 'YYYY-MM-DDTHH:mm:ss'],
  [{ time: true, log_date_format: 'HH:mm' }, ({ logs }) => logs.dateFormat, 'HH:mm'],
  [{ log_type: 'json' }, ({ logs }) => logs.type, 'json'],
  [{ name: 'a b/c' }, ({ logs }) => path.basename(logs.outFile ?? ''), 'a-b-c-out.log'],
  [{}, ({ logs }, cwd) => path.relative(cwd, logs.errorFile ?? ''), 'home/logs/app-error.log'],
  [
    { out: 'x.log', err_file: '/tmp/e.log' },
    ({ logs }, cwd) => [path.relative(cwd, logs.outFile ?? ''), logs.errorFile],
    ['x.log', '/tmp/e.log'],
  ],
  [{ out_file: 'NULL', error_file: '/dev/null' }, ({ logs }) => [logs.outFile, logs.errorFile], [null, null]],
  [{ log_file: true }, ({ logs }, cwd) => path.relative(cwd, logs.combinedFile ?? ''), 'home/logs/app.log'],
  [{ log: 'all.log' }, ({ logs }, cwd) => path.relative(cwd, logs.combinedFile ?? ''), 'all.log'],
  [
    { disable_logs: true, log_file: true },
    ({ logs }) => [logs.outFile, logs.errorFile, logs.combinedFile],
    [null, null, null],
  ],
  [{}, ({ logs }) => logs.merge, true],
  [{ instances: 1, exec_mode: 'fork' }, ({ logs }) => logs.merge, false],
  [{ instances: 1, exec_mode: 'fork', combine_logs: true }, ({ logs }) => logs.merge, true],
  [{ pid: 'run/app.pid' }, ({ process }, cwd) => path.relative(cwd, process.pidFile ?? ''), 'run/app.pid'],
  [{ source_map_support: false }, ({ process }) => process.sourceMaps, false],
  [{ disableSourceMapSupport: true }, ({ process }) => process.sourceMaps, false],
  [{ port: '8080', env: { PORT: 1 } }, ({ process }) => process.env['PORT'], '8080'],
  [
    { env: { N: 1, B: true, O: { a: [1] }, T: 'x' } },
    ({ process: { env } }) => [env['N'], env['B'], env['O'], env['T']],
    ['1', 'true', '{"a":[1]}', 'x'],
  ],
  [{ env: { SHELL_VARIABLE: null } }, ({ process }) => 'SHELL_VARIABLE' in process.env, false],
  [{ filter_env: true }, ({ process }) => Object.keys(process.env), []],
  [{ filter_env: ['SHELL_'] }, ({ process }) => Object.keys(process.env), ['PATH']],
  [{ filter_env: 'SHELL_' }, ({ process }) => Object.keys(process.env), ['PATH', 'SHELL_VARIABLE']],
  [{ filter_env: 'PATH' }, ({ process }) => Object.keys(process.env), ['SHELL_VARIABLE']],
  [{ agent: false }, ({ process }) => process.agent, false],
  [{}, ({ process }) => process.telemetry, ['runtime', 'http_server', 'http_client', 'app']],
  [{ telemetry: true }, ({ process }) => process.telemetry.length, 4],
  [{ telemetry: 'false' }, ({ process }) => process.telemetry, []],
  [{ telemetry: ['app', 'runtime', 'app'] }, ({ process }) => process.telemetry, ['runtime', 'app']],
  [{ schedule: 'round_robin' }, ({ process }) => process.schedule, 'round_robin'],
  [{}, ({ process }) => [process.agent, process.schedule], [true, 'shared']],
  [{ env_x: { A: 1 } }, ({ envBlocks }) => envBlocks, { x: { A: '1' } }],
];

describe('attributes', () => {
  test.each(ATTRIBUTES)('%j', async (app, pick, expected) => {
    const { spec, cwd, warnings } = await resolveOne(app);
    expect(pick(spec, cwd)).toEqual(expected);
    expect(warnings).toEqual([]);
  });

  test('what is not given has PM2’s defaults', async () => {
    const { spec } = await resolveOne({});
    expect(spec.policy).toEqual({
      autostart: true,
      autorestart: true,
      maxRestarts: 16,
      minUptimeMs: 1000,
      restartDelayMs: 0,
      expBackoffRestartDelayMs: 0,
      stopExitCodes: [],
      killTimeoutMs: 1600,
      killSignal: 'SIGINT',
      treekill: true,
      shutdownWithMessage: false,
      waitReady: false,
      // Not PM2's 3 s: see policy.ts.
      listenTimeoutMs: 30_000,
    });
    expect(spec).toMatchObject({ version: 'N/A', process: { instanceVar: 'NODE_APP_INSTANCE', uid: null, gid: null } });
  });

  test('PM2’s own variables set defaults for all apps', async () => {
    const env = { PM2_KILL_SIGNAL: 'SIGTERM', PM2_KILL_TIMEOUT: '5000', PM2_GRACEFUL_LISTEN_TIMEOUT: '8s' };
    const { spec } = await resolveOne({ listen_timeout: 1 }, { env });
    expect(spec.policy).toMatchObject({ killSignal: 'SIGTERM', killTimeoutMs: 5000, listenTimeoutMs: 1 });
    const bad = await errorOf(resolveOne({}, { env: { PM2_KILL_SIGNAL: 'SIGNOPE', PM2_KILL_TIMEOUT: 'soon' } }));
    for (const word of ['PM2_KILL_SIGNAL', 'SIGNOPE', 'PM2_KILL_TIMEOUT', 'soon']) expect(bad.message).toContain(word);
  });

  test('PM2’s APM keys are silent; a key written wrong is a warning with the one that was meant', async () => {
    const { warnings } = await resolveOne({
      pmx: false,
      automation: false,
      vizion: true,
      windowsHide: true,
      instanses: 2,
    });
    expect(warnings).toEqual([
      'unknown key "instanses" is ignored, did you mean "instances"? (ecosystem.config.cjs, app "app")',
    ]);
  });

  test('two spellings of one attribute are told', async () => {
    const { spec, cwd, warnings } = await resolveOne({ out: 'a.log', out_file: 'b.log', output: 'c.log' });
    expect(spec.logs.outFile).toBe(path.join(cwd, 'b.log'));
    expect(warnings).toHaveLength(2);
  });

  test('how log files are kept: what is given, else as the daemon is set', async () => {
    const none = { maxSizeBytes: null, frequency: null, retain: null, maxAgeMs: null, compress: null };
    expect((await resolveOne({})).spec.logs.roll).toEqual({ ...none, maxTotalBytes: null });
    const all = { max_size: '10M', frequency: 'daily', retain: 3, max_age: '14d', compress: true, max_total: '1G' };
    const { spec, warnings } = await resolveOne(all);
    expect(warnings).toEqual([]);
    expect(spec.logs.roll).toEqual({
      maxSizeBytes: 10 * 1024 ** 2,
      frequency: 'daily',
      retain: 3,
      maxAgeMs: 14 * 86_400_000,
      compress: 'gzip',
      maxTotalBytes: 1024 ** 3,
    });
    expect((await resolveOne({ compress: false })).spec.logs.roll.compress).toBe('none');
    expect((await resolveOne({ frequency: '0 4 * * *', compress: 'gzip' })).spec.logs.roll).toMatchObject({
      frequency: '0 4 * * *',
      compress: 'gzip',
    });
    const error = await errorOf(resolveOne({ max_size: 'huge', frequency: 'sometimes' }));
    for (const key of ['max_size', 'frequency']) expect(error.message).toContain(`${key}: expected`);
  });

  test('zstd where this Node has it, else a refusal that names the Node', async () => {
    const zstd = resolveOne({ compress: 'zstd' });
    if (hasZstd()) expect((await zstd).spec.logs.roll.compress).toBe('zstd');
    else {
      const needs = `compress: expected true, false or "gzip", got "zstd"; "zstd" needs Node 22.15 or newer, this is ${process.version}`;
      expect((await errorOf(zstd)).message).toContain(needs);
    }
  });
});

describe('scripts and interpreters', () => {
  test.each([
    ['a.js', '', 'node'],
    ['a.mjs', '', 'node'],
    ['a.cjs', '', 'node'],
    ['a.sh', '', 'bash'],
    ['a.py', '', 'python3'],
    ['a.rb', '', 'ruby'],
    ['a.php', '', 'php'],
    ['a.pl', '', 'perl'],
    ['plain', 'console.log(1)', 'node'],
    ['binary', '\u007fELF\0\0\0', 'none'],
    ['node-tool', '#!/usr/bin/env node\n', 'node'],
    ['shell-tool', '#!/bin/sh\n', 'none'],
  ])('%s is run by its kind', async (script, content, interpreter) => {
    const cwd = folder({ [script]: content });
    const { apps } = await resolveApps({ script: `./${script}` }, commandIn(cwd));
    expect(apps[0]?.process).toMatchObject({ script: path.join(cwd, script), shellLine: false, interpreter });
  });

  test('a name without a slash is looked for in cwd, then in PATH', async () => {
    const cwd = folder({ 'bin/tool': '\0', 'other/tool': '\0', 'other/note': '\0' });
    chmodSync(path.join(cwd, 'bin/tool'), 0o755);
    const context = commandIn(cwd, { env: { PATH: `${cwd}/other:${cwd}/bin` } });
    const { apps } = await resolveApps({ script: 'tool' }, context);
    expect(apps[0]).toMatchObject({
      name: 'tool',
      process: { script: path.join(cwd, 'bin/tool'), interpreter: 'none' },
    });
    writeFileSync(path.join(cwd, 'tool'), 'near');
    expect((await resolveApps({ script: 'tool' }, context)).apps[0]?.process.script).toBe(path.join(cwd, 'tool'));
  });

  test.each([
    ['cc hello.c; ./a.out', 'a'],
    ['npm start', 'npm start'],
  ])('%j is a shell line', async (script, name) => {
    const { apps } = await resolveApps({ script }, commandIn(folder()));
    expect(apps[0]).toMatchObject({
      name,
      process: { script, shellLine: true, interpreter: 'bash', execMode: 'fork' },
    });
  });

  test('a file with a blank in its name is a file', async () => {
    const cwd = folder({ 'my app.js': '' });
    const { apps } = await resolveApps({ script: 'my app.js' }, commandIn(cwd));
    expect(apps[0]).toMatchObject({ name: 'my app', process: { shellLine: false, interpreter: 'node' } });
  });

  test('a missing script is told with the path that was looked at', async () => {
    const cwd = folder();
    const error = await errorOf(resolveApps({ apps: [{ name: 'api', script: './gone.js' }] }, commandIn(cwd)));
    expect(problemsOf(error)).toMatchObject([{ app: 'api', key: 'script', value: '"./gone.js"' }]);
    expect(error.message).toContain(`Script not found: ${cwd}/gone.js`);
    expect((await errorOf(resolveApps({ script: '.' }, commandIn(cwd)))).message).toContain(`Not a file: ${cwd}`);
  });

  test('cwd is relative to the command, and everything else to cwd', async () => {
    const root = folder({ 'sub/package.json': '{"version":"3.2.1"}', 'sub/src/app.js': '' });
    const app = { script: 'src/app.js', cwd: 'sub', out_file: 'o.log', watch: ['src'] };
    const { apps } = await resolveApps([app], commandIn(root));
    const cwd = path.join(root, 'sub');
    expect(apps[0]).toMatchObject({
      version: '3.2.1',
      process: { cwd, script: path.join(cwd, 'src/app.js') },
      logs: { outFile: path.join(cwd, 'o.log') },
      triggers: { watch: { paths: [path.join(cwd, 'src')] } },
    });
    const error = await errorOf(resolveApps([{ ...app, cwd: 'nowhere' }], commandIn(root)));
    expect(error.message).toContain(`Directory not found: ${root}/nowhere`);
  });

  test('node@VERSION is what nvm has installed', async () => {
    const cwd = folder({ 'app.js': '' });
    for (const version of ['v20.9.0', 'v20.19.1', 'v2.0.0']) {
      mkdirSync(path.join(cwd, 'nvm/versions/node', version), { recursive: true });
    }
    const context = commandIn(cwd, { env: { NVM_DIR: path.join(cwd, 'nvm') } });
    const { apps } = await resolveApps({ script: 'app.js', interpreter: 'node@20', instances: 2 }, context);
    const interpreter = path.join(cwd, 'nvm/versions/node/v20.19.1/bin/node');
    expect(apps[0]?.process).toMatchObject({ interpreter, execMode: 'cluster' });
    const error = await errorOf(resolveApps({ script: 'app.js', interpreter: 'node@18' }, context));
    expect(error.message).toContain('interpreter: expected a program or "none", or a version that nvm has installed');
  });

  test('only Node apps can be clusters', async () => {
    const error = await errorOf(resolveOne({ interpreter: 'python3', exec_mode: 'cluster' }));
    expect(problemsOf(error)).toMatchObject([{ key: 'exec_mode', value: '"cluster"' }]);
  });
});

describe('the environment', () => {
  test('shell, deploy block, env, env_NAME: the later wins', async () => {
    const cwd = folder({ 'app.js': '' });
    const raw = {
      apps: [{ script: 'app.js', env: { B: 'app', C: 'app' }, env_production: { C: 'production' } }],
      deploy: { production: { env: { A: 'deploy', B: 'deploy', C: 'deploy' } } },
    };
    const env = { A: 'shell', B: 'shell', C: 'shell', D: 'shell' };
    const { apps } = await resolveApps(raw, commandIn(cwd, { env, envName: 'production' }));
    expect(apps[0]?.process.env).toEqual({ A: 'deploy', B: 'app', C: 'production', D: 'shell' });
  });

  test('a block that is not there is a warning', async () => {
    const { spec, warnings } = await resolveOne({ append_env_to_name: true }, { envName: 'staging' });
    expect(warnings).toEqual([expect.stringContaining('there is no env_staging')]);
    expect(spec.name).toBe('app-staging');
  });

  test('what supervisors tell their own processes is not passed on', async () => {
    const own = {
      PM2_USAGE: 'CLI',
      PROMVISOR_HOME: '/x',
      PROMVISOR_HTTP_LISTEN: 'off',
      NODE_APP_INSTANCE: '3',
      pm_id: '9',
    };
    const { spec } = await resolveOne({ env: { PROMVISOR_HOME: 'meant' } }, { env: { ...own, KEPT: 'yes' } });
    expect(spec.process.env).toEqual({ KEPT: 'yes', PROMVISOR_HOME: 'meant' });
  });

  test('values of variables are in no message', async () => {
    const secret = 'hunter2';
    const env = { TOKEN: Symbol(secret), 'A=B': secret, KEY: () => secret };
    const error = await errorOf(resolveOne({ env, env_x: secret }));
    expect(
      problemsOf(error)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['env.A=B', 'env.KEY', 'env.TOKEN', 'env_x']);
    expect(JSON.stringify([error.message, error.details])).not.toContain(secret);
  });
});

describe('shapes, selection and names', () => {
  const app = { name: 'web', script: 'app.js' };
  test.each([
    ['{ apps: [...] }', { apps: [app] }],
    ['{ apps: one }', { apps: app }],
    ['an array', [app]],
    ['one app', app],
    ['{ pm2: { apps } }', { name: 'package', pm2: { apps: [app] } }],
    ['{ pm2: [...] }', { pm2: [app] }],
  ])('%s', async (_, raw) => {
    const { apps, warnings } = await resolveApps(raw, commandIn(folder({ 'app.js': '' })));
    expect([apps.map(({ name }) => name), warnings]).toEqual([['web'], []]);
  });

  test.each([
    ['nothing', undefined, 'nothing'],
    ['text', 'apps', '"apps"'],
    ['an empty object', {}, 'an empty object'],
    ['another key', { app: [app] }, '"app"'],
    ['no apps', { apps: [] }, 'a list of 0'],
    ['apps of another kind', { apps: 3 }, '3'],
    ['an item that is no object', { apps: [app, 'web'] }, '"web"'],
  ])('%s is refused', async (_, raw, got) => {
    const error = await errorOf(resolveApps(raw, commandIn(folder({ 'app.js': '' }))));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('ecosystem.config.cjs');
    expect(error.message).toContain(got);
  });

  test('--only picks apps by name, and is not in the way of mistakes in others', async () => {
    const raw = { apps: [app, { name: 'jobs', script: 'gone.js', instances: 'two' }] };
    const cwd = folder({ 'app.js': '' });
    const { apps } = await resolveApps(raw, commandIn(cwd, { only: ['web'] }));
    expect(apps.map(({ name }) => name)).toEqual(['web']);
    const error = await errorOf(resolveApps(raw, commandIn(cwd, { only: ['wev'] })));
    expect(error.message).toBe(
      '--only: expected one of "web", "jobs", got "wev"; did you mean "web"? (ecosystem.config.cjs)',
    );
  });

  test('one name twice is an error, unless the namespaces differ', async () => {
    const cwd = folder({ 'app.js': '' });
    const error = await errorOf(resolveApps([app, { ...app, script: 'app.js' }], commandIn(cwd)));
    expect(error.message).toContain('got "web" for app #1 and app #2');
    const { apps } = await resolveApps([app, { ...app, namespace: 'other' }], commandIn(cwd));
    expect(apps).toHaveLength(2);
  });

  test('flags win over the file, and null takes an attribute away', async () => {
    const overrides = { instances: '3', node_args: 'null', cron_restart: null, name: 'flagged' };
    const file = { instances: 1, node_args: '--inspect', cron_restart: '0 4 * * *' };
    const { spec } = await resolveOne(file, { overrides });
    expect(spec).toMatchObject({
      name: 'flagged',
      triggers: { cron: null },
      process: { instances: 3, interpreterArgs: [] },
    });
    const error = await errorOf(resolveOne({ maxRestarts: 'x' }, { overrides: { instances: 'two' } }));
    expect(error.message.split('\n')).toEqual([
      'maxRestarts: expected a whole number from 0 up, got "x" (ecosystem.config.cjs, app "app")',
      'instances: expected a whole number or "max", got "two" (command line, app "app")',
    ]);
  });
});

describe('schedules are looked at before anything starts', () => {
  test.each([
    [{ cron_restart: 'every day' }, 'cron_restart', '"every day"'],
    [{ cron_restart: '99 * * * *' }, 'cron_restart', '"99 * * * *"'],
    [{ cron_restart: '0 0 31 2 *' }, 'cron_restart', 'it never comes up'],
    [{ cron_restart: '0 4 * * *', cron_timezone: 'Mars/Olympus' }, 'cron_timezone', '"Mars/Olympus"'],
  ])('%j', async (app, key, got) => {
    const error = await errorOf(resolveOne(app));
    expect(problemsOf(error).map((problem) => problem.key)).toEqual([key]);
    expect(error.message).toContain(got);
  });
});
