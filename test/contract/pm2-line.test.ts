import { describe, expect, test } from 'vitest';
import { problemLines } from '../../src/cli/as-pm2/errors.ts';
import { flagArgs, flagOf, readPm2Call } from '../../src/cli/as-pm2/flags.ts';
import type { Row } from '../../src/cli/as-pm2/row.ts';
import { listTable, memoryText, miniList, uptimeText } from '../../src/cli/as-pm2/tables.ts';

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const NOW_MS = 1_700_000_000_000;

function rowOf(name: string, id: number, more: Readonly<Record<string, unknown>> = {}): Row {
  return {
    pid: 4242,
    name,
    pm_id: id,
    monit: { memory: 50_000_000, cpu: 0.4 },
    pm2_env: {
      namespace: 'default',
      version: '1.2.3',
      exec_mode: 'cluster_mode',
      status: 'online',
      restart_time: 2,
      unstable_restarts: 0,
      pm_uptime: NOW_MS - 90 * SECOND,
      created_at: NOW_MS,
      pm_exec_path: '/srv/app.js',
      pm_cwd: '/srv',
      pm_out_log_path: '/logs/out.log',
      pm_err_log_path: '/logs/error.log',
      pm_pid_path: '/pids/a.pid',
      username: 'ann',
      env: {},
      watch: false,
      ...more,
    },
  };
}

describe('a command line of PM2', () => {
  test.each<[string, string[], string[]]>([
    ['start app.js -n web -i 2', ['app.js'], ['--name=web', '--instances=2']],
    ['start -i max app.js', ['app.js'], ['--instances=max']],
    ['start -i -1 app.js', ['app.js'], ['--instances=-1']],
    ['start -i2 app.js --name=web', ['app.js'], ['--instances=2', '--name=web']],
    ['start app.js --watch --time', ['app.js'], ['--watch', '--time']],
    [
      'start app.js --watch src --ignore-watch node_modules',
      ['app.js'],
      ['--watch=src', '--ignore-watch=node_modules'],
    ],
    ['start app.js --no-autorestart -s -f', ['app.js'], ['--no-autorestart']],
    ['stop --watch web', ['web'], ['--watch']],
    ['scale web -1', ['web', '-1'], []],
    ['start -', ['-'], []],
    ['start app.js --node-args=--max-old-space-size=64', ['app.js'], ['--node-args=--max-old-space-size=64']],
  ])('%s', (line, operands, flags) => {
    const call = readPm2Call(line.split(' '));
    expect({ word: call.word, operands: call.operands, flags: flagArgs(call) }).toEqual({
      word: line.split(' ')[0],
      operands,
      flags,
    });
  });

  test('what follows -- is for the app; the last of two flags counts; only what is wanted is passed on', () => {
    const call = readPm2Call([
      '--name',
      'a',
      'start',
      'x.js',
      '--name',
      'b',
      '--only=c',
      '--',
      '--name',
      'd',
      '-i',
      '3',
    ]);
    expect(call).toMatchObject({ word: 'start', operands: ['x.js'], appArgs: ['--name', 'd', '-i', '3'] });
    expect(flagOf(call, 'name')).toBe('b');
    expect(flagOf(call, 'env')).toBeUndefined();
    expect(flagArgs(call, ['only'])).toEqual(['--only=c']);
    expect(readPm2Call(['-v'])).toMatchObject({ word: null, flags: [{ name: 'version', value: true }] });
  });
});

describe('the list', () => {
  test.each([
    [0, '0s'],
    [119 * SECOND, '119s'],
    [120 * SECOND, '2m'],
    [7200 * SECOND, '2h'],
    [47 * 3600 * SECOND, '47h'],
    [2 * DAY, '2D'],
    [60 * DAY, '2M'],
    [730 * DAY, '2Y'],
  ])('an uptime of %i ms is %s', (ms, text) => expect(uptimeText(ms)).toBe(text));

  test.each([
    [0, '0b'],
    [1023, '1023b'],
    [50_750_000, '48.4mb'],
    [3 * 1024 ** 3, '3gb'],
  ])('%i bytes are %s', (bytes, text) => expect(memoryText(bytes)).toBe(text));

  test('is drawn as PM2 draws it, by name; in a narrow terminal with fewer columns', () => {
    const rows = [rowOf('web', 0), rowOf('api', 1, { status: 'stopped', watch: true, exec_mode: 'fork_mode' })];
    const options = { nowMs: NOW_MS, width: null, sort: null };
    expect(listTable(rows, options).split('\n').slice(1, 5)).toEqual([
      '│ id │ name      │ namespace   │ version │ mode    │ pid      │ uptime │ ↺    │ status    │ cpu      │ mem      │ user     │ watching │',
      '├────┼───────────┼─────────────┼─────────┼─────────┼──────────┼────────┼──────┼───────────┼──────────┼──────────┼──────────┼──────────┤',
      '│ 1  │ api       │ default     │ 1.2.3   │ fork    │ 4242     │ 0      │ 2    │ stopped   │ 0.4%     │ 47.7mb   │ ann      │ enabled  │',
      '│ 0  │ web       │ default     │ 1.2.3   │ cluster │ 4242     │ 90s    │ 2    │ online    │ 0.4%     │ 47.7mb   │ ann      │ disabled │',
    ]);
    const head = (width: number) =>
      listTable(rows, { ...options, width })
        .split('\n')[1]
        ?.replaceAll(/\s+/g, ' ');
    expect(head(80)).toBe('│ id │ name │ mode │ ↺ │ status │ cpu │ mem │');
    expect(head(50)).toBe('│ id │ name │ status │ cpu │ mem │');
    const ids = (sort: string) => [...listTable(rows, { ...options, sort }).matchAll(/^│ (\d)/gm)].map(([, id]) => id);
    expect([ids('id'), ids('id:desc'), ids('status')]).toEqual([
      ['0', '1'],
      ['1', '0'],
      ['0', '1'],
    ]);
  });

  test('is told in blocks by list -m', () => {
    expect(miniList([rowOf('web', 3)], NOW_MS)).toBe(
      '+--- web\nnamespace : default\nversion : 1.2.3\npid : 4242\npm2 id : 3\nstatus : online\nmode : cluster\n' +
        'restarted : 2\nuptime : 90s\nmemory usage : 47.7mb \nerror log : /logs/error.log\nwatching : no\n' +
        'PID file : /pids/a.pid\n\n',
    );
  });
});

test.each([
  ['ALREADY_RUNNING', 'app "web" is already running', 'Script already launched, add -f option to force re-execution'],
  ['ALREADY_RUNNING', 'PM2 itself runs in /home', 'PM2 itself runs in /home'],
  ['CONFIG_NOT_FOUND', '/srv/a.json: no such config file', 'File a.json not found'],
  [
    'CONFIG_INVALID',
    'script: expected a file or a program in PATH, got "x.js"; Script not found: /srv/x.js (command line, app "x")',
    'Script not found: /srv/x.js',
  ],
  ['CONFIG_INVALID', 'instances: expected a whole number', 'instances: expected a whole number'],
] as const)('%s "%s" is told as PM2 does', (code, detail, text) => {
  expect(problemLines({ code, detail }, 'a.json')).toEqual([`[PM2][ERROR] ${text}`]);
});
