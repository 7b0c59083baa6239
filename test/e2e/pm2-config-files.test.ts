import { cpSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import golden from '../contract/golden/pm2-config-files.json' with { type: 'json' };
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

/** Entries of the golden file: what PM2 7.0.4 started, in the shape that make-config-files.mjs gives them. */
type Row = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly instance: number;
  readonly env: Readonly<Record<string, string>>;
};
type Entry = { readonly name: string; readonly pm2_env: Readonly<Record<string, unknown>> };

const REPO = path.resolve(import.meta.dirname, '../..');
const hasTypes = 'typescript' in process.features && Boolean(process.features.typescript);

/** Variables that any app of the files has, or is not to have. */
const NAMES = [
  ...new Set(Object.values(golden.files).flatMap(({ apps }) => apps.flatMap(({ env }) => Object.keys(env)))),
];

/** The folder that PM2 had. */
function folderLikePm2s(file: keyof typeof golden.files): TestHome {
  const home = testHome({ SECRET_SAUCE: 'x' });
  cpSync(path.join(REPO, 'test/fixtures/config'), home.work, { recursive: true });
  if (file === 'ecosystem.config.cjs') cpSync(path.join(REPO, 'examples'), home.work, { recursive: true });
  mkdirSync(path.join(home.work, 'sub'));
  return home;
}

function wanted(file: keyof typeof golden.files): readonly Row[] {
  return golden.files[file].apps as readonly Row[]; // made by make-config-files.mjs
}

async function started(home: TestHome, count: number): Promise<readonly Entry[]> {
  return until(
    async () => {
      const list = await home.get<Entry[]>('/v1/jlist');
      const settled = list.every(({ pm2_env }) => pm2_env['status'] !== 'launching');
      return settled && list.length >= count ? list : null;
    },
    { what: `${count} instances at rest` },
  );
}

/** An entry of our list with the keys that PM2's has, in the same words. */
function like(row: Row, { name, pm2_env }: Entry, home: TestHome): Row {
  const scrub = (value: unknown): unknown => {
    const text = JSON.stringify(value ?? null);
    return JSON.parse(text.replaceAll(path.join(home.root, 'home'), 'HOME').replaceAll(home.work, 'WORK'));
  };
  const pairs = Object.keys(row).map((key) => [key, scrub(pm2_env[key])]);
  const env = pm2_env['env'] as Readonly<Record<string, string>>;
  const withoutId = (file: unknown) => String(scrub(file)).replace(/-\d+(?=\.log$)/, '-ID');
  const { pm_out_log_path: out, pm_err_log_path: error, exec_interpreter: program } = pm2_env;
  return {
    ...Object.fromEntries(pairs),
    name,
    exec_interpreter: path.basename(String(program)),
    pm_exec_path: programPath(scrub(pm2_env['pm_exec_path'])),
    instance: Number(pm2_env[String(pm2_env['instance_var'])]),
    logs: { out: withoutId(out), error: withoutId(error) },
    env: Object.fromEntries(NAMES.filter((key) => env[key] !== undefined).map((key) => [key, String(env[key])])),
  };
}

/** The shell of a shell line: where it is differs by machine. */
function programPath(script: unknown): unknown {
  return typeof script === 'string' ? script.replace(/^.*\/bash$/, 'bash') : script;
}

function ordered(rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((a, b) => a.name.localeCompare(b.name) || a.instance - b.instance);
}

async function expectSame(file: keyof typeof golden.files, rows = wanted(file)): Promise<TestHome> {
  const home = folderLikePm2s(file);
  await home.ok(['start', file, '--env', 'production']);
  const list = await started(home, rows.length);
  const byName = new Map(rows.map((row) => [`${row.name} ${row.instance}`, row]));
  const ours = list.map((entry) => {
    const instance = Number(entry.pm2_env[String(entry.pm2_env['instance_var'])]);
    const row = byName.get(`${entry.name} ${instance}`);
    return row === undefined ? { name: entry.name, instance, env: {} } : like(row, entry, home);
  });
  expect(ordered(ours)).toEqual(ordered(rows.map((row) => withShell(row))));
  return home;
}

function withShell(row: Row): Row {
  return { ...row, pm_exec_path: programPath(row['pm_exec_path']) };
}

describe(`config files start what PM2 ${golden.pm2} starts`, () => {
  test('JSON as people write it: comments, no quotes, trailing commas, aliases, camelCase, numbers as text; and diff tells what differs', async () => {
    const home = await expectSame('process.json');
    const flags = ['--env', 'production', '--json'];
    expect(JSON.parse((await home.ok(['diff', 'process.json', ...flags])).stdout)).toMatchObject({ differs: false });
    home.write('process.json', `{ apps: [{ name: 'web', script: './app.cjs', env: { API_KEY: 'hunter2' } }] }`);
    const { code, stdout } = await home.run(['diff', 'process.json', ...flags]);
    expect(code).toBe(1);
    expect(stdout).not.toContain('hunter2');
    const { apps } = JSON.parse(stdout) as { apps: { name: string; change: string; changes: { key: string }[] }[] };
    expect(apps.map(({ name, change }) => [name, change])).toEqual([
      ['web', 'changed'],
      ['worker', 'removed'],
    ]);
    expect(apps[0]?.changes.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['instances', 'args', 'exec_mode', 'kill_timeout', 'env.API_KEY', 'env.NODE_ENV']),
    );
  });

  test('YAML: anchors, lists, increment_var, append_env_to_name, instance_var, a shell line', async () => {
    await expectSame('process.yml');
  });

  test('ESM: filter_env, port, env_NAME, autostart', async () => {
    await expectSame('esm.config.mjs');
  });

  test('the example: api and workers', async () => {
    const rows = wanted('ecosystem.config.cjs');
    const api = rows.find(({ name }) => name === 'api');
    if (api === undefined) throw new Error('expected the api in the golden file');
    const cluster = Array.from({ length: availableParallelism() }, (_, instance) => ({ ...api, instance }));
    const home = await expectSame('ecosystem.config.cjs', [...rows.filter(({ name }) => name !== 'api'), ...cluster]);
    expect((await home.instance('cron-worker')).cron?.nextAtMs ?? 0).toBeGreaterThan(Date.now());
  });

  test('static: a folder is served by an app of its own', async () => {
    const home = testHome();
    home.write('public/index.html', 'hello');
    const basic_auth = { username: 'u', password: 'p' };
    const entry = { path: './public', port: 0, host: '127.0.0.1', spa: true, name: 'site', basic_auth };
    await home.ok(['start', home.write('site.json', JSON.stringify({ static: [entry] }))]);
    const address = await until(() => /http:\/\/([\d.]+:\d+)/.exec(home.log('site'))?.[1], { what: 'its address' });
    const headers = { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` };
    expect(await askHttp({ address, path: '/any/route', headers })).toMatchObject({ status: 200, body: 'hello' });
    expect((await askHttp({ address, path: '/' })).status).toBe(401);
  });

  test(hasTypes ? 'TypeScript' : 'TypeScript is refused by a Node that does not strip types', async () => {
    if (hasTypes) return void (await expectSame('typed.config.ts'));
    const { code, stderr } = await folderLikePm2s('typed.config.ts').run(['start', 'typed.config.ts']);
    expect(code).toBe(1);
    expect(stderr).toContain('expected Node 22.18 or newer for a configuration in TypeScript');
  });
});
