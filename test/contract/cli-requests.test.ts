import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { InstanceView, PingView } from '../../src/api/contract.ts';
import type { Home } from '../../src/base/paths.ts';
import { hotCall } from '../../src/cli/hot.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { type Asked, fakeDaemon, privateHome, problem, type Reply } from '../support/fake-daemon.ts';
import { runCli, workFolder } from '../support/in-process-cli.ts';
import { describeView, instanceView, whyView } from '../support/views.ts';

let home: Home;
let asked: Asked[];
let known: InstanceView[];

const pingOf = (): PingView => ({
  pid: process.pid,
  version: '1.0.0',
  uptimeSeconds: 1,
  adopted: 0,
  restartedBy: 'next-command',
  unit: null,
  http: { listen: null, address: null, error: null },
  home: home.root,
});

/** As little of a daemon as a command line needs. */
function reply({ method, path: route }: Asked): Reply {
  const [name = '', query = ''] = route.split('?');
  const targets = new URLSearchParams(query).getAll('target');
  const selected = known.filter(({ app, id }) => targets.includes(app) || targets.includes(String(id)));
  if (method === 'POST') return { lines: progress() };
  if (name === '/v1/ping') return { json: pingOf() };
  if (name === '/v1/jlist') return { json: [{ name: 'api' }] };
  if (targets.length > 0 && selected.length === 0) return problem('NOT_FOUND', `no target "${targets[0]}"`);
  if (name === '/v1/describe') return { json: { instances: [describeView()] } };
  if (name === '/v1/why') return { json: { instances: [whyView()] } };
  if (name === '/v1/env') return { json: { instances: [{ id: 0, app: 'api', env: { B: '2\n3', A: '1' } }] } };
  return { json: { instances: targets.length > 0 ? selected : known } };
}

function progress(): unknown[] {
  const one = {
    type: 'instance',
    id: 0,
    app: 'api',
    slot: 0,
    ok: true,
    status: 'running',
    pid: 7,
    message: null,
    lastLines: [],
  };
  return [{ type: 'begin', total: 1 }, one, { type: 'end', ok: true, ids: [0], failed: 0 }];
}

/** The bodies that were sent to a route. */
const sent = (route: string): unknown[] => asked.filter((one) => one.path === route).map((one) => one.body);
const startedApps = (): AppSpec[] => sent('/v1/start').flatMap((body) => (body as { apps: AppSpec[] }).apps);
const run = (...argv: string[]) => runCli(home, argv);

beforeEach(async () => {
  home = privateHome();
  known = [];
  asked = await fakeDaemon(home, reply);
  writeFileSync(path.join(workFolder(home), 'app.js'), '');
});

describe('start', () => {
  test('makes an app of a script', async () => {
    const { code, out } = await run('start', 'app.js');
    expect(code).toBe(0);
    expect(out).toContain('✓ api:0 (id 0) started, pid 7');
    expect(sent('/v1/start')).toMatchObject([{ onExisting: 'refuse' }]);
    expect(startedApps()).toMatchObject([
      {
        name: 'app',
        namespace: 'default',
        configFile: null,
        process: { script: path.join(workFolder(home), 'app.js') },
      },
    ]);
    expect(startedApps()[0]?.process.env).toMatchObject({ FROM_SHELL: 'yes' });
    expect(startedApps()[0]?.process.env).not.toHaveProperty('PROMVISOR_SECRET');
  });

  test('takes every flag', async () => {
    const flags = [
      ['-n', 'web', '--namespace', 'prod', '-i', '3', '-x', '--cwd', '.', '--interpreter', 'bash'],
      ['--node-args', '-x "a b"', '--max-memory-restart', '200M', '--max-restarts', '5', '--min-uptime', '2s'],
      ['--restart-delay', '10', '--exp-backoff-restart-delay', '100', '-k', '3000', '--listen-timeout', '900'],
      ['--wait-ready', '--shutdown-with-message', '--stop-exit-codes', '0', '3', '--cron-restart', '0 4 * * *'],
      [
        '--no-autorestart',
        '--no-treekill',
        '-o',
        'o.log',
        '-e',
        'NULL',
        '--merge-logs',
        '--time',
        '--log-type',
        'json',
      ],
      [
        '--watch',
        'src',
        '--watch',
        'lib',
        '--ignore-watch',
        'tmp',
        '--watch-delay',
        '1.5',
        '-p',
        'x.pid',
        '--filter-env',
        'SHELL',
      ],
    ].flat();
    const { error, code } = await run('start', 'app.js', ...flags, '--', '--port', '80', '--', '-x');
    expect([error?.message, code]).toEqual([undefined, 0]);
    expect(startedApps()).toMatchObject([
      {
        name: 'web',
        namespace: 'prod',
        process: {
          execMode: 'fork',
          instances: 3,
          interpreter: 'bash',
          interpreterArgs: ['-x', 'a b'],
          args: ['--port', '80', '--', '-x'],
        },
        policy: {
          autorestart: false,
          treekill: false,
          maxRestarts: 5,
          minUptimeMs: 2000,
          restartDelayMs: 10,
          expBackoffRestartDelayMs: 100,
          killTimeoutMs: 3000,
          listenTimeoutMs: 900,
          waitReady: true,
          shutdownWithMessage: true,
          stopExitCodes: [0, 3],
        },
        limits: { maxMemoryBytes: 200 * 1024 * 1024 },
        triggers: { cron: { pattern: '0 4 * * *' }, watch: { delayMs: 1500, ignore: ['tmp'] } },
        logs: { errorFile: null, merge: true, type: 'json', dateFormat: 'YYYY-MM-DDTHH:mm:ss' },
      },
    ]);
    expect(startedApps()[0]?.triggers.watch?.paths.map((each) => path.basename(each))).toEqual(['src', 'lib']);
    expect(startedApps()[0]?.process.env).not.toHaveProperty('FROM_SHELL');
  });

  test("takes PM2's flags that mean nothing here in silence", async () => {
    const flags = [
      '--no-pmx',
      '--no-automation',
      '--no-vizion',
      '--trace',
      '--disable-trace',
      '--v8',
      '--deep-monitoring',
    ];
    expect(await run('start', 'app.js', ...flags)).toMatchObject({ code: 0, err: '' });
  });

  test('makes an app of a shell line', async () => {
    await run('start', 'echo hello; sleep 1', '--name', 'line');
    expect(startedApps()).toMatchObject([
      { name: 'line', process: { script: 'echo hello; sleep 1', shellLine: true } },
    ]);
  });

  test('applies a config file, with --only and --env', async () => {
    const apps = ['a', 'b'].map((name) => ({
      name,
      script: './app.js',
      env: { WHO: name },
      env_prod: { WHO: 'prod' },
    }));
    writeFileSync(path.join(workFolder(home), 'ecosystem.config.json'), JSON.stringify({ apps }));
    const file = path.join(workFolder(home), 'ecosystem.config.json');
    await run('start', file, '--only', 'b', '--env', 'prod');
    expect(sent('/v1/start')).toMatchObject([{ onExisting: 'restart' }]);
    expect(startedApps()).toMatchObject([{ name: 'b', configFile: file, process: { env: { WHO: 'prod' } } }]);
  });

  test('says what it looked for when nothing is said', async () => {
    const { error } = await run('start');
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('ecosystem.config.') });
  });

  test('starts a known name again, and gives it the variables of this shell only when told', async () => {
    known = [instanceView({ app: 'api' })];
    await run('start', 'api');
    await run('start', 'api', '--update-env');
    const [plain, updated] = sent('/v1/action');
    expect(plain).toEqual({ action: 'restart', targets: ['api'] });
    expect(updated).toMatchObject({ targets: ['api'], env: { FROM_SHELL: 'yes' } });
    expect(updated).not.toHaveProperty('env.PROMVISOR_SECRET');
  });

  test('prefers a known name to a program, and a path to a name', async () => {
    known = [instanceView({ app: 'app.js' })];
    await run('start', 'app.js');
    expect(sent('/v1/action')).toHaveLength(1);
    await run('start', path.join(workFolder(home), 'app.js'));
    expect(sent('/v1/start')).toHaveLength(1);
  });

  test('refuses flags of a new app for a known one', async () => {
    known = [instanceView({ app: 'api' })];
    const { error } = await run('start', 'api', '-i', '3');
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('instances') });
  });

  test('adds another one with -f', async () => {
    await run('start', 'app.js', '-f');
    expect(sent('/v1/start')).toMatchObject([{ onExisting: 'add' }]);
  });

  test('starts nothing when one of several cannot be read', async () => {
    const { error } = await run('start', 'app.js', 'missing.js');
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('missing.js') });
    expect(startedApps()).toEqual([]);
  });

  test('names a config file that is not there', async () => {
    expect((await run('start', 'nope.config.js')).error).toMatchObject({ code: 'CONFIG_NOT_FOUND' });
    mkdirSync(path.join(workFolder(home), 'dir.config.js'));
    expect((await run('start', 'dir.config.js')).error).toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });
});

describe('other commands', () => {
  test('carry targets and flags to the daemon', async () => {
    await run('restart', 'a', '/b/', '--watch');
    await run('stop', 'all', '--watch');
    await run('del', '3');
    await run('reset', 'a');
    expect(sent('/v1/action')).toEqual([
      { action: 'restart', targets: ['a', '/b/'], watch: 'toggle' },
      { action: 'stop', targets: ['all'], watch: 'off' },
      { action: 'delete', targets: ['3'] },
      { action: 'reset', targets: ['a'] },
    ]);
  });

  test('act on the apps of a config file by id, in their namespace only', async () => {
    known = [instanceView({ id: 4, app: 'a' }), instanceView({ id: 5, app: 'a', namespace: 'other' })];
    const file = path.join(workFolder(home), 'x.config.json');
    writeFileSync(file, JSON.stringify({ apps: [{ name: 'a', script: './app.js' }] }));
    await run('stop', file);
    expect(sent('/v1/action')).toEqual([{ action: 'stop', targets: ['4'] }]);
    await run('restart', file);
    expect(sent('/v1/start')).toMatchObject([{ onExisting: 'restart' }]);
    known = [];
    expect((await run('delete', file)).error).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('show and print what the daemon says', async () => {
    known = [instanceView({ id: 2, app: 'api', pid: 77 }), instanceView({ id: 1, app: 'job', pid: null })];
    expect((await run('pid')).out).toBe('0\n77\n');
    expect((await run('pid', 'api')).out).toBe('77\n');
    expect((await run('id', 'job')).out).toBe('[ 1 ]\n');
    expect((await run('env', 'api')).out).toBe('A: 1\nB: 2␊3\n');
    expect((await run('ping')).out).toBe("{ msg: 'pong' }\n");
    expect((await run('jlist')).out).toBe('[{"name":"api"}]');
    expect((await run('prettylist')).out).toBe("[ { name: 'api' } ]");
    expect((await run('why', 'api')).out).toContain('uncaught (code 1)');
    expect((await run('describe', 'api')).out).toContain('/srv/server.js');
    for (const command of [
      ['list'],
      ['why', 'api'],
      ['describe', 'api'],
      ['env', 'api'],
      ['pid'],
      ['id', 'api'],
      ['ping'],
    ]) {
      const { out } = await run(...command, '--json');
      expect(JSON.parse(out)).toBeTypeOf('object');
    }
  });

  test('say nothing but data with --silent', async () => {
    expect(await run('stop', 'a', '--silent')).toMatchObject({ out: '', err: '', code: 0 });
    expect(await run('stop', 'a', '--json')).toMatchObject({ code: 0, err: '' });
  });

  test('want to know what they are about', async () => {
    for (const command of ['restart', 'stop', 'delete', 'reset', 'describe', 'why', 'env', 'id']) {
      expect((await run(command)).error).toMatchObject({ code: 'USAGE', message: expect.stringContaining(command) });
    }
    expect((await run('sendSignal')).error?.code).toBe('USAGE');
    expect((await run('sendSignal', 'TERM')).error?.code).toBe('USAGE');
    expect((await run('stop', 'a', '--', 'x')).error?.code).toBe('USAGE');
    expect((await run('logs', '--lines', '-1')).error?.code).toBe('USAGE');
    expect((await run('list', '--max-restarts', '3')).error?.code).toBe('USAGE');
    expect((await run('lits')).error?.message).toContain('list');
  });

  test('that are hot are the same as those of the program', () => {
    expect(hotCall(['list'])?.options).toEqual({});
    expect(hotCall(['--json', 'ps', '-s'])?.options).toEqual({ json: true, silent: true });
    expect(hotCall(['jlist', '--no-color'])?.options).toEqual({ color: false });
    for (const argv of [
      [],
      ['--json'],
      ['list', 'x'],
      ['list', '--help'],
      ['list', 'jlist'],
      ['start'],
      ['__proto__'],
    ]) {
      expect(hotCall(argv)).toBeNull();
    }
  });
});

describe('what the daemon reports', () => {
  const failing = (count: number, total: number): Reply => {
    const lines = Array.from({ length: total }, (_, id) => ({
      ...{ type: 'instance', id, app: `app-${id % 5}`, slot: 0, status: 'backoff', pid: null, lastLines: [] },
      ...(id < count ? { ok: false, message: 'died' } : { ok: true, message: null }),
    }));
    return { lines: [{ type: 'begin', total }, ...lines, { type: 'end', ok: count === 0, ids: [], failed: count }] };
  };

  test('a failure gives exit code 1 and says where to look', async () => {
    const other = privateHome();
    await fakeDaemon(other, (one) => (one.method === 'POST' ? failing(2, 3) : reply(one)));
    const { code, out, err } = await runCli(other, ['restart', 'all']);
    expect(code).toBe(1);
    expect(out).toContain('✗ app-0:0 (id 0) not restarted: died');
    expect(err).toBe('promvisor: 2 of 3 instances not restarted; see promvisor why app-0, promvisor why app-1\n');
  });

  test('many instances are counted, not listed; the failures are', async () => {
    const other = privateHome();
    await fakeDaemon(other, (one) => (one.method === 'POST' ? failing(1, 100) : reply(one)));
    const { out } = await runCli(other, ['restart', 'all']);
    expect(out).toContain('99 of 100 instances restarted');
    expect(out.match(/[✓✗]/g)).toEqual(['✗']);
    const { out: json } = await runCli(other, ['restart', 'all', '--json']);
    expect(JSON.parse(json)).toMatchObject({ ok: false, instances: { length: 100 } });
  });
});

describe('without a daemon', () => {
  test('lists are empty, kill is content, the rest says so', async () => {
    const alone = privateHome();
    const { out, code } = await runCli(alone, ['list']);
    expect([code, out.split('\n')]).toEqual([0, expect.objectContaining({ length: 5 })]);
    expect(await runCli(alone, ['jlist'])).toMatchObject({ code: 0, out: '[]' });
    expect(await runCli(alone, ['prettylist'])).toMatchObject({ code: 0, out: '[]' });
    expect(await runCli(alone, ['list', '--json'])).toMatchObject({ code: 0, out: '[]\n' });
    expect(await runCli(alone, ['kill'])).toMatchObject({ code: 0, out: 'no daemon runs\n' });
    const commands = ['ping', 'pid', 'flush', 'why a', 'stop a', 'restart a', 'delete a', 'env a', 'id a', 'logs'];
    for (const command of commands) {
      expect([command, (await runCli(alone, command.split(' '))).error?.code]).toEqual([command, 'NO_DAEMON']);
    }
  });

  test('logs shows the files that are there', async () => {
    const alone = privateHome();
    writeFileSync(path.join(alone.logsDir, 'api-out.log'), 'one\ntwo\nthree\n');
    writeFileSync(path.join(alone.logsDir, 'api-error-3.log'), 'oh\n');
    writeFileSync(path.join(alone.logsDir, 'job-out.log'), 'done\n');
    const { out, code } = await runCli(alone, ['logs', 'api', '--lines', '2']);
    expect(code).toBe(0);
    expect(out).toContain('two\n');
    expect(out).toContain('3|api | oh\n');
    expect(out).not.toMatch(/one|done/);
    expect(await runCli(alone, ['logs', '--raw', '--out'])).toMatchObject({ out: 'one\ntwo\nthree\ndone\n' });
    expect((await runCli(alone, ['logs', 'nobody'])).error?.code).toBe('NO_DAEMON');
  });

  test('start says what the daemon said when it cannot start', async () => {
    const alone = privateHome();
    writeFileSync(path.join(workFolder(alone), 'app.js'), '');
    const { error } = await runCli(alone, ['start', 'app.js']);
    expect(error).toMatchObject({
      code: 'DAEMON_START_FAILED',
      message: expect.stringContaining('no-such-daemon.cjs'),
    });
  });
});
