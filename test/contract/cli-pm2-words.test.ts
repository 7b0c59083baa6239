import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { DescribeView } from '../../src/api/contract.ts';
import type { Home } from '../../src/base/paths.ts';
import { loadConfigFile } from '../../src/config/load.ts';
import { type Asked, fakeDaemon, privateHome, type Reply } from '../support/fake-daemon.ts';
import { runCli, workFolder } from '../support/in-process-cli.ts';
import { describeView } from '../support/views.ts';

let home: Home;
let asked: Asked[];
let known: DescribeView[];
const run = (...argv: string[]) => runCli(home, argv);
const sent = (route: string): unknown[] => asked.filter((one) => one.path === route).map((one) => one.body);
const inWork = (name: string) => path.join(workFolder(home), name);

function reply({ method, path: route }: Asked): Reply {
  if (method === 'POST' && route === '/v1/signal') return { json: { signalled: known.length } };
  if (method === 'POST')
    return {
      lines: [
        { type: 'begin', total: 0 },
        { type: 'end', ok: true, ids: [], failed: 0 },
      ],
    };
  if (route === '/v1/ping')
    return { json: { pid: 1, version: '1', http: { listen: null, address: null, error: null } } };
  const target = new URLSearchParams(route.split('?')[1]).get('target');
  return { json: { instances: known.filter(({ app }) => target === null || app === target) } };
}

beforeEach(async () => {
  home = privateHome();
  known = [describeView()];
  asked = await fakeDaemon(home, reply);
  writeFileSync(inWork('app.js'), '');
});

/** A view of an app of the folder. */
function appView(app: string, script: string, changes: Partial<DescribeView> = {}): DescribeView {
  const view = describeView();
  return {
    ...view,
    ...changes,
    app,
    spec: { ...view.spec, process: { ...view.spec.process, script: inWork(script) } },
  };
}

describe('flags for apps that are there', () => {
  test('change what a process is made of anew at each start', async () => {
    await run('restart', 'api', '--max-memory-restart', '300M', '-c', '0 4 * * *', '-k', '500', '--no-autorestart');
    await run('reload', 'api', '--node-args', '--no-warnings', '--', 'a', 'b c');
    known = [appView('api', 'app.js')];
    await run('start', 'api', '--max-restarts', '3', '--stop-exit-codes', '0', '2');
    expect(sent('/v1/action')).toEqual([
      {
        action: 'restart',
        targets: ['api'],
        changes: {
          limits: { maxMemoryBytes: 300 * 1024 * 1024 },
          triggers: { cron: { pattern: '0 4 * * *', timezone: null } },
          policy: { killTimeoutMs: 500, autorestart: false },
        },
      },
      {
        action: 'reload',
        targets: ['api'],
        changes: { process: { interpreterArgs: ['--no-warnings'], args: ['a', 'b c'] } },
      },
      { action: 'restart', targets: ['api'], changes: { policy: { maxRestarts: 3, stopExitCodes: [0, 2] } } },
    ]);
  });

  test('can take away: 0 for a cron, null for what never was', async () => {
    await run('restart', 'api', '--cron-restart', '0', '--max-memory-restart', 'null', '--node-args=null');
    expect(sent('/v1/action')).toMatchObject([
      { changes: { triggers: { cron: null }, limits: { maxMemoryBytes: null }, process: { interpreterArgs: [] } } },
    ]);
  });

  test('are refused where only a new app can have them, or where the value cannot be', async () => {
    for (const flags of [
      ['--name', 'x'],
      ['-o', 'x.log'],
      ['--namespace', 'x'],
      ['-i', '3'],
      ['--uid', '0'],
    ]) {
      const { error } = await run('restart', 'api', ...flags);
      expect(error, flags.join(' ')).toMatchObject({ code: 'USAGE', message: expect.stringContaining('new app') });
    }
    const { error } = await run('reload', 'api', '--max-memory-restart', 'much');
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('"much"') });
    expect((await run('restart', 'api', '--parallel', '0')).error?.message).toContain('--parallel');
    expect(sent('/v1/action')).toEqual([]);
  });

  test('go along with --parallel and --watch', async () => {
    await run('restart', 'all', '--parallel', '2', '--watch');
    expect(sent('/v1/action')).toEqual([{ action: 'restart', targets: ['all'], parallel: 2, watch: 'toggle' }]);
  });
});

describe('targets and operands', () => {
  test('a script means the instances that run it, where no app is called so', async () => {
    known = [
      appView('web', 'app.js', { id: 3 }),
      appView('job', 'job.js', { id: 4 }),
      appView('web', 'app.js', { id: 5 }),
    ];
    await run('stop', 'app.js');
    await run('delete', './app.js');
    known = [appView('app.js', 'other.js', { id: 6 })];
    await run('stop', 'app.js');
    await run('stop', 'nothing.js');
    expect(sent('/v1/action')).toEqual([
      { action: 'stop', targets: ['3', '5'] },
      { action: 'delete', targets: ['3', '5'] },
      { action: 'stop', targets: ['app.js'] },
      { action: 'stop', targets: ['nothing.js'] },
    ]);
  });

  test('flags may stand before the command', async () => {
    await run('--name', 'web', '--max-memory-restart=1G', 'start', 'app.js');
    await run('--watch', 'restart', 'api');
    expect((await run('--only', 'a', 'frobnicate')).error?.message).toContain('unknown');
    expect(sent('/v1/start')).toMatchObject([{ apps: [{ name: 'web', limits: { maxMemoryBytes: 1024 ** 3 } }] }]);
    expect(sent('/v1/action')).toMatchObject([{ targets: ['api'], watch: 'toggle' }]);
    expect((await run('-V')).code).toBe(0);
  });

  test('startOrRestart and startOrReload take config files only', async () => {
    writeFileSync(inWork('x.config.json'), JSON.stringify([{ name: 'a', script: './app.js' }]));
    await run('startOrRestart', inWork('x.config.json'));
    await run('startOrGracefulReload', inWork('x.config.json'), '--parallel', '3');
    expect(sent('/v1/start')).toMatchObject([
      { onExisting: 'restart', apps: [{ name: 'a' }] },
      { onExisting: 'reload', parallel: 3 },
    ]);
    for (const operand of ['app.js', 'missing.json', 'api']) {
      expect((await run('startOrReload', operand)).error).toMatchObject({ message: expect.stringContaining(operand) });
    }
  });
});

describe('list', () => {
  const ids = (out: string) => [...out.matchAll(/^│ +(\d+) /gm)].map(([, id]) => Number(id));

  test('has the order that was asked for', async () => {
    known = [
      describeView({ id: 0, app: 'b', rssBytes: 5 }),
      describeView({ id: 1, app: 'a', rssBytes: 9 }),
      describeView({ id: 2, app: 'c', rssBytes: null }),
    ];
    expect(ids((await run('list')).out)).toEqual([1, 0, 2]);
    expect(ids((await run('ls', '--sort', 'id:desc')).out)).toEqual([2, 1, 0]);
    expect(ids((await run('ps', '--sort', 'memory:desc')).out)).toEqual([1, 0, 2]);
    expect(JSON.parse((await run('list', '--sort', 'id', '--json')).out)).toMatchObject([
      { id: 0 },
      { id: 1 },
      { id: 2 },
    ]);
    for (const order of ['nothing', 'id:up', 'id:asc:desc', '__proto__']) {
      expect((await run('list', '--sort', order)).error).toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining(order),
      });
    }
  });

  test("-m has PM2's blocks, and nothing without a daemon's instances", async () => {
    known = [describeView({ id: 4, app: 'api', pid: null, startedAtMs: null, pm2Status: 'stopped', rssBytes: null })];
    const { out } = await run('list', '-m');
    expect(out).toMatch(
      /^\+--- api\nnamespace : default\nversion : .+\npid : 0\npm2 id : 4\nstatus : stopped\nmode : fork\n/,
    );
    expect(out).toMatch(/\nuptime : 0\nmemory usage : 0b\nerror log : .*\nwatching : (yes|no)\nPID file : .*\n\n$/);
    known = [];
    expect((await run('l', '--mini-list')).out).toBe('');
  });
});

describe('init', () => {
  test('writes a config file that start takes, for the app of the folder, and overwrites none', async () => {
    writeFileSync(inWork('package.json'), JSON.stringify({ name: '@org/shop', main: './app.js', type: 'module' }));
    await run('init');
    expect(await loadConfigFile(inWork('ecosystem.config.cjs'))).toMatchObject({
      apps: [{ name: 'shop', script: './app.js', env_production: { NODE_ENV: 'production' } }],
    });
    await run('start', inWork('ecosystem.config.cjs'));
    expect(sent('/v1/start')).toMatchObject([
      { apps: [{ name: 'shop', limits: { maxMemoryBytes: 500 * 1024 * 1024 } }] },
    ]);
    const text = readFileSync(inWork('ecosystem.config.cjs'), 'utf8');
    expect(await run('ecosystem', 'simple')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already'),
    });
    expect(readFileSync(inWork('ecosystem.config.cjs'), 'utf8')).toBe(text);
  });

  test('knows a simple one', async () => {
    expect((await run('init', 'simple')).code).toBe(0);
    expect(await loadConfigFile(inWork('ecosystem.config.cjs'))).toEqual({
      apps: [{ name: 'work', script: 'app.js' }],
    });
    expect((await run('init', 'rich')).error?.code).toBe('USAGE');
    expect(existsSync(inWork('ecosystem.config.js'))).toBe(false);
  });
});

test('inspect tells Node apps to open their inspector, and no other program', async () => {
  expect(await run('inspect', 'api')).toMatchObject({ code: 0, out: expect.stringContaining('127.0.0.1:9229') });
  expect(sent('/v1/signal')).toEqual([{ signal: 'SIGUSR1', targets: ['0'] }]);
  const view = describeView();
  known = [{ ...view, spec: { ...view.spec, process: { ...view.spec.process, interpreter: 'bash' } } }];
  expect((await run('inspect', 'api')).error).toMatchObject({ code: 'NOT_SUPPORTED' });
  expect(sent('/v1/signal')).toHaveLength(1);
});

test('send joins the words of a line, and wants both a target and a line', async () => {
  asked.length = 0;
  await run('send', 'api', 'reload', 'the', '-cache');
  expect(sent('/v1/stdin')).toEqual([{ targets: ['api'], line: 'reload the -cache' }]);
  for (const argv of [['send'], ['send', 'api'], ['attach']]) expect((await run(...argv)).error?.code).toBe('USAGE');
});
