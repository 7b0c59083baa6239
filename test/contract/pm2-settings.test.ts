import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readPm2Call } from '../../src/cli/as-pm2/flags.ts';
import { strangeFlag } from '../../src/cli/as-pm2/known-flags.ts';
import { logFilesOf } from '../../src/cli/as-pm2/log-order.ts';
import {
  confLines,
  confVariables,
  groupOf,
  type ModuleConf,
  readModuleConf,
  valueAt,
  withValue,
  writeModuleConf,
} from '../../src/cli/as-pm2/module-conf.ts';
import type { Row } from '../../src/cli/as-pm2/row.ts';
import { pm2Words } from '../support/pm2-doc.ts';

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'pmv-conf-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const set = (...pairs: readonly (readonly [string, string | undefined])[]) =>
  pairs.reduce<ModuleConf>((conf, [key, value]) => withValue(conf, key, value), {});

describe('module_conf.json', () => {
  // Each was tried with PM2 7.0.4: the file that it writes.
  test.each<[string, readonly (readonly [string, string | undefined])[], ModuleConf]>([
    ['a key of no group', [['site-key', '3']], { 'site-key': '3' }],
    ['a group by a colon', [['echo:STAGE', 'green']], { echo: { STAGE: 'green' } }],
    ['a group by a dot', [['echo.STAGE', 'blue']], { echo: { STAGE: 'blue' } }],
    ['a group in a group', [['a:b:c', '4']], { a: { b: { c: '4' } } }],
    ['a dot comes before a colon', [['echo:b.c', '9']], { 'echo:b': { c: '9' } }],
    [
      'no value takes it out',
      [
        ['echo:A', '1'],
        ['echo:B', '2'],
        ['echo:A', undefined],
      ],
      { echo: { B: '2' } },
    ],
    ['what was never there leaves its group', [['nope:x', undefined]], { nope: {} }],
    [
      'a name of every object',
      [
        ['__proto__:x', '1'],
        ['constructor', undefined],
      ],
      JSON.parse('{"__proto__":{"x":"1"}}'),
    ],
  ])('%s', (_, pairs, conf) => {
    expect(JSON.stringify(set(...pairs))).toBe(JSON.stringify(conf));
  });

  test('is for the owner only, in the form of PM2', async () => {
    const file = path.join(folder(), 'module_conf.json');
    expect(await readModuleConf(file)).toEqual({});
    await writeModuleConf(file, set(['echo:STAGE', 'green']));
    expect(readFileSync(file, 'utf8')).toBe('{\n    "echo": {\n        "STAGE": "green"\n    }\n}');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await readModuleConf(file)).toEqual({ echo: { STAGE: 'green' } });
    for (const broken of ['{garbage', '[]', '"text"']) {
      writeFileSync(file, broken);
      await expect(readModuleConf(file)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
    }
  });

  test('is shown as commands, group by group', () => {
    const conf = set(['k', 'v'], ['echo:A', '1'], ['two:X', '5']);
    expect(confLines(conf)).toEqual(['Module: echo', '$ pm2 set echo:A 1', 'Module: two', '$ pm2 set two:X 5']);
    expect(confLines(conf, 'two')).toEqual(['Module: two', '$ pm2 set two:X 5']);
    expect([valueAt(conf, 'echo:A'), valueAt(conf, 'k'), valueAt(conf, 'k:x'), valueAt(conf, 'toString')]).toEqual([
      '1',
      'v',
      undefined,
      undefined,
    ]);
    expect([groupOf('echo:A'), groupOf('k')]).toEqual([{ group: 'echo', name: 'A' }, null]);
  });

  test('gives an app its values, and all of them under its name', () => {
    const conf = set(['echo:A', '1'], ['echo:B', '2'], ['k', 'v']);
    expect(confVariables(conf, 'echo')).toEqual({ A: '1', B: '2', echo: '{"A":"1","B":"2"}' });
    expect([confVariables(conf, 'k'), confVariables(conf, 'nope')]).toEqual([{}, {}]);
  });
});

describe('flags of PM2', () => {
  test('every one is known', () => {
    const { flags, flagsOfCommands } = pm2Words();
    const here = ['start', 'stop', 'restart', 'dump', 'logs', 'serve'];
    const all = [...flags, ...here.flatMap((command) => flagsOfCommands[command] ?? [])];
    expect(all.filter((flag) => strangeFlag(readPm2Call(['list', flag])) !== null)).toEqual([]);
  });

  test.each([
    ['list --no-such-flag', '--no-such-flag'],
    ['list -iZ --no-such=3', '--no-such'],
    ['-Z', '-Z'],
    ['list -m', null],
  ])('%s', (line, strange) => {
    expect(strangeFlag(readPm2Call(line.split(' ')))).toBe(strange);
  });
});

test('log files are shown in the order in which they were written to last, each once', () => {
  const home = folder();
  const file = (name: string, writtenAt: number | null) => {
    const made = path.join(home, name);
    if (writtenAt !== null) {
      writeFileSync(made, '');
      utimesSync(made, writtenAt, writtenAt);
    }
    return made;
  };
  const rowOf = (out: string, err: string) =>
    ({ pm2_env: { pm_out_log_path: out, pm_err_log_path: err } }) as unknown as Row; // all that is looked at
  const shared = file('shared.log', 300);
  const rows = [rowOf(shared, file('none.log', null)), rowOf(file('old.log', 100), shared), rowOf(shared, '/dev/null')];
  const names = logFilesOf(rows, ['out', 'err']).map((log) => path.basename(log.file));
  expect(names).toEqual(['none.log', 'old.log', 'shared.log']);
});
