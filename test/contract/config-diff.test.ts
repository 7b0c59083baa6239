import { describe, expect, test } from 'vitest';
import { diffText } from '../../src/cli/render/diff.ts';
import { painter } from '../../src/cli/render/style.ts';
import { type AppDiff, diffApps } from '../../src/config/diff.ts';
import { maskText, maskVariable, maskWords } from '../../src/config/mask.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { resolveOne } from '../support/config.ts';

const FILE = '/srv/ecosystem.config.cjs';

async function specOf(app: object, env: NodeJS.ProcessEnv = { PATH: '/bin' }): Promise<AppSpec> {
  const { spec, cwd } = await resolveOne({ name: 'web', ...app }, { env });
  // Each is made in a folder of its own.
  return { ...(JSON.parse(JSON.stringify(spec).replaceAll(cwd, '/srv')) as AppSpec), configFile: FILE };
}

function only(diffs: readonly AppDiff[]): AppDiff {
  const [diff] = diffs;
  if (diff === undefined || diffs.length > 1) throw new Error(`expected one app, got ${diffs.length}`);
  return diff;
}

async function change(before: object, after: object): Promise<AppDiff> {
  const [was, is] = [await specOf(before), await specOf(after)];
  const specs = Array.from({ length: was.process.instances }, () => was);
  return only(diffApps({ apps: [is], file: FILE }, [{ name: 'web', namespace: 'default', specs }]));
}

/** Paths of all values in a spec that are no objects. */
function leavesOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [at];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...at, key]));
}

function otherThan(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}x`;
  return Array.isArray(value) ? ['another'] : 1;
}

function withOther(spec: AppSpec, path: readonly string[]): AppSpec {
  const copy = structuredClone(spec);
  const parent = path.slice(0, -1).reduce<object>((inside, key) => Reflect.get(inside, key), copy);
  const key = path.at(-1) ?? '';
  const value: unknown = Reflect.get(parent, key);
  Reflect.set(parent, key, otherThan(value));
  return copy;
}

describe('what a config file would change', () => {
  test('nothing, where it says what runs', async () => {
    expect(await change({ instances: 2, env: { A: 1 } }, { instances: 2, env: { A: 1 } })).toEqual({
      name: 'web',
      namespace: 'default',
      change: 'same',
      changes: [],
      shell: [],
      notes: [],
    });
  });

  test('keys in their plain units, variables by name', async () => {
    const before = { max_memory_restart: '100M', kill_timeout: 2000, env: { A: 1, OLD: 'x' }, args: 'a b' };
    const after = { max_memory_restart: '200M', kill_timeout: '5s', env: { A: 2, NEW: 'y' }, args: 'a b' };
    const diff = await change(before, after);
    expect(diff.changes).toEqual([
      { key: 'kill_timeout', from: 2000, to: 5000 },
      { key: 'max_memory_restart', from: 104857600, to: 209715200 },
      { key: 'env.A', from: '1', to: '2' },
      { key: 'env.NEW', from: null, to: 'y' },
      { key: 'env.OLD', from: 'x', to: null },
    ]);
    expect(diffText([diff], painter(false))).toBe(
      [
        '~ web: changed',
        '    kill_timeout        2000 ms → 5000 ms',
        '    max_memory_restart  100M → 200M',
        '    env.A               "1" → "2"',
        '    env.NEW             none → "y"',
        '    env.OLD             "x" → none',
        '',
      ].join('\n'),
    );
  });

  test('every part of a spec has a key', async () => {
    const full = {
      ...{
        cron_restart: '0 4 * * *',
        watch: true,
        log_file: 'all.log',
        loki: { labels: { team: 'a' } },
        env: { A: 1 },
      },
      ...{ pid_file: 'a.pid', time: true, max_size: 1, retain: 1, max_age: 1, compress: true, max_total: 1 },
    };
    const spec = await specOf(full);
    const told = new Set(['name', 'namespace', 'configFile', 'ownVariables', 'instances', 'envBlocks']);
    const leaves = leavesOf(spec).filter((leaf) => !told.has(leaf.at(-1) ?? '') && leaf.at(-1) !== 'PATH');
    expect(leaves.length).toBeGreaterThan(40);
    for (const leaf of leaves) {
      const running = { name: 'web', namespace: 'default', specs: [withOther(spec, leaf)] };
      const { changes } = only(diffApps({ apps: [spec], file: FILE }, [running]));
      expect(changes.length, leaf.join('.')).toBeGreaterThan(0);
    }
  });

  test('what a secret was is not told, that it changed is', async () => {
    const before = { env: { API_KEY: 'hunter1', URL: 'postgres://app:hunter2@db/x' }, args: '--token hunter3' };
    const after = { env: { API_KEY: 'hunter4', URL: 'postgres://app:hunter5@db/x' }, args: '--token hunter6' };
    const diff = await change(before, after);
    expect(diff.changes.map(({ key }) => key)).toEqual(['args', 'env.API_KEY', 'env.URL']);
    const text = JSON.stringify(diff) + diffText([diff], painter(false));
    expect(text).not.toContain('hunter');
    expect(text).toContain('postgres://app:***@db/x');
    expect(text).toContain('another one, which is not shown');
  });

  test('more instances are added, fewer are left to scale', async () => {
    expect((await change({ instances: 2 }, { instances: 3 })).notes).toEqual([]);
    const fewer = await change({ instances: 2 }, { instances: 1 });
    expect(fewer.changes).toEqual([{ key: 'instances', from: 2, to: 1 }]);
    expect(fewer.notes).toEqual(['start and reload take no instance away: promvisor scale web 1']);
  });

  test('apps that are new, and apps that left the file', async () => {
    const spec = await specOf({});
    const gone = { name: 'gone', namespace: 'default', specs: [{ ...spec, name: 'gone' }] };
    const others = { name: 'other', namespace: 'default', specs: [{ ...spec, name: 'other', configFile: '/another' }] };
    expect(
      diffApps({ apps: [spec], file: FILE }, [gone, others]).map(({ name, change: kind }) => [name, kind]),
    ).toEqual([
      ['web', 'added'],
      ['gone', 'removed'],
    ]);
    expect(diffApps({ apps: [spec], file: null }, [gone]).map(({ name }) => name)).toEqual(['web']);
  });

  test('variables of the shell are named apart and count for nothing', async () => {
    const [was, is] = [
      await specOf({}, { PATH: '/bin', A: '1', SHLVL: '1' }),
      await specOf({}, { PATH: '/bin', B: '1' }),
    ];
    const diff = only(diffApps({ apps: [is], file: FILE }, [{ name: 'web', namespace: 'default', specs: [was] }]));
    expect(diff).toMatchObject({ change: 'same', changes: [], shell: ['A', 'B'] });
  });

  test('an instance that was restarted with other values is seen', async () => {
    const spec = await specOf({ instances: 2 });
    const odd = { ...spec, policy: { ...spec.policy, killTimeoutMs: 1 } };
    const diff = only(
      diffApps({ apps: [spec], file: FILE }, [{ name: 'web', namespace: 'default', specs: [spec, odd] }]),
    );
    expect(diff.changes).toEqual([{ key: 'kill_timeout', from: 1, to: 1600 }]);
  });
});

describe('masks', () => {
  test.each(['API_KEY', 'githubToken', 'CLIENT_SECRET', 'DB_PASS', 'PGPASSWORD', 'AWS_CREDENTIALS', 'SENTRY_DSN'])(
    '%s is a secret',
    (name) => expect(maskVariable(name, 'hunter2')).toBe('***'),
  );
  test.each(['PORT', 'NODE_ENV', 'PWD', 'HOME'])('%s is none', (name) => expect(maskVariable(name, '1')).toBe('1'));
  test.each([
    ['postgres://u:p@h/d', 'postgres://u:***@h/d'],
    ['https://abc123@sentry.io/1', 'https://***@sentry.io/1'],
    ['https://h/?api_key=1&x=2', 'https://h/?api_key=***&x=2'],
    ['{"password":"a\\"b","x":1}', '{"password":***,"x":1}'],
    ['curl --token abc -x', 'curl --token *** -x'],
    ['http://localhost:3000/a@b', 'http://localhost:3000/a@b'],
  ])('%s', (text, masked) => expect(maskText(text)).toBe(masked));
  test('arguments', () => {
    expect(maskWords(['--password', 'a', '--port', '1', '--secret=x', '--token', '--y'])).toEqual([
      '--password',
      '***',
      '--port',
      '1',
      '--secret=***',
      '--token',
      '--y',
    ]);
  });
});
