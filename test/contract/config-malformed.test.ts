import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PromvisorError } from '../../src/base/errors.ts';
import { loadConfigFile, parseConfigText } from '../../src/config/load.ts';
import { resolveApps } from '../../src/config/resolve.ts';
import { ATTRIBUTE_KEYS, type AttributeKey } from '../../src/config/schema.ts';
import { show } from '../../src/config/show.ts';
import { commandIn, errorOf, folder, problemsOf, SOURCE } from '../support/config.ts';

/** Nothing that any attribute takes. */
const never = fc.constantFrom<unknown>(() => 1, Symbol('s'), Number.NaN, new Map([['a', 1]]));
const noText = fc.oneof(never, fc.constantFrom<unknown>('', true, [], {}, 12, 'a\0b'));
const noFlag = fc.oneof(never, fc.constantFrom<unknown>('yes', 'no', 1, 0, {}, [], ''));
const noWords = fc.oneof(never, fc.constantFrom<unknown>({}, 3, true, '"open', "it's", [{}], [['a']], ['a\0']));
const noMs = fc.oneof(never, fc.constantFrom<unknown>('soon', '1 parsec', -1, '-5', {}, [], true, 1e12, ''));
const noWhole = fc.oneof(never, fc.constantFrom<unknown>('two', 1.5, '1.5', -1, {}, [3], true, '', 1e12));
const noSize = fc.oneof(never, fc.constantFrom<unknown>('lots', '5T', -1, 1.5, {}, [], true, '', '1.5.1G'));
const noName = fc.oneof(never, fc.constantFrom<unknown>('', ' ', 'all', 'a\nb', {}, [], true, 'x'.repeat(201)));
const noObject = fc.oneof(
  never.filter((value) => !(value instanceof Map)),
  fc.constantFrom<unknown>('A=1', 3, true, ['A']),
);
const noChoice = fc.oneof(never, fc.constantFrom<unknown>('both', '', 1, true, {}, []));
const noId = fc.oneof(never, fc.constantFrom<unknown>('', -1, 1.5, true, {}, []));

/** Values that each attribute must refuse. */
const WRONG: Readonly<Record<AttributeKey, fc.Arbitrary<unknown>>> = {
  script: noText,
  name: noName,
  name_prefix: noName,
  append_env_to_name: noFlag,
  namespace: noName,
  cwd: noText,
  args: noWords,
  interpreter: noText,
  node_args: noWords,
  exec_mode: noChoice,
  schedule: noChoice,
  instances: fc.oneof(never, fc.constantFrom<unknown>('two', 'MAX', 1.5, {}, [1], true, '', 100_000)),
  execute_command: noFlag,
  env: noObject,
  filter_env: fc.oneof(never, fc.constantFrom<unknown>('', 3, {}, [3], [''])),
  increment_var: noText,
  instance_var: noText,
  port: fc.oneof(noWhole, fc.constant(70_000)),
  out_file: noText,
  error_file: noText,
  log_file: fc.oneof(never, fc.constantFrom<unknown>('', 3, {}, [])),
  pid_file: noText,
  merge_logs: noFlag,
  log_date_format: noText,
  time: noFlag,
  log_type: noChoice,
  disable_logs: noFlag,
  max_memory_restart: noSize,
  min_uptime: fc.oneof(noMs, fc.constantFrom<unknown>(99, '99ms')),
  max_restarts: noWhole,
  restart_delay: noMs,
  exp_backoff_restart_delay: noMs,
  autorestart: noFlag,
  autostart: noFlag,
  stop_exit_codes: fc.oneof(never, fc.constantFrom<unknown>('one', [256], [-1], [1, 'x'], {}, true)),
  kill_timeout: noMs,
  treekill: noFlag,
  shutdown_with_message: noFlag,
  wait_ready: noFlag,
  listen_timeout: noMs,
  cron_restart: fc.oneof(never, fc.constantFrom<unknown>('', 'daily at four', '60 * * * *', '* *', 5, {}, true)),
  cron_timezone: fc.oneof(never, fc.constantFrom<unknown>('', 'Mars/Olympus', 1, {})),
  watch: fc.oneof(never, fc.constantFrom<unknown>('"open', 3, {}, [{}])),
  ignore_watch: noWords,
  watch_delay: noMs,
  watch_options: fc.oneof(noObject, fc.constantFrom<unknown>({ usePolling: 'x' }, { interval: 0 })),
  source_map_support: noFlag,
  disable_source_map_support: noFlag,
  uid: noId,
  gid: noId,
  max_size: noSize,
  retain: noWhole,
  frequency: fc.oneof(never, fc.constantFrom<unknown>('', 'sometimes', '* *', 5, {}, true)),
  max_age: fc.oneof(never, fc.constantFrom<unknown>('old', '1w', -1, {}, [], true, '')),
  compress: fc.oneof(never, fc.constantFrom<unknown>('yes', 'bzip2', 1, 0, {}, [], '')),
  max_total: noSize,
  loki: fc.oneof(
    never,
    fc.constantFrom<unknown>('yes', 1, { labels: { 'a-b': 'x' } }, { labels: { app: 'x' } }, { team: 'x' }, [], ''),
  ),
  agent: noFlag,
  telemetry: fc.oneof(never, fc.constantFrom<unknown>('yes', 'runtime', 1, {}, ['cpu'], ['app', 1], '')),
};

/** A key, a value it must refuse. */
const mistake = fc.constantFrom(...ATTRIBUTE_KEYS).chain((key) => WRONG[key].map((value) => [key, value] as const));

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe('malformed values', () => {
  test('each of 1000 mistakes is told with file, app, key and value', async () => {
    const cwd = folder({ 'app.js': '' });
    const law = fc.asyncProperty(mistake, fc.boolean(), async ([key, value], camel) => {
      const spelling = camel ? camelCase(key) : key;
      // A zone is looked at where there is a schedule.
      const schedule = key === 'cron_timezone' ? { cron_restart: '0 4 * * *' } : {};
      const app = { name: 'the app', script: 'app.js', ...schedule, [spelling]: value };
      const error = await errorOf(resolveApps({ apps: [app] }, commandIn(cwd)));
      const problem = problemsOf(error).find((candidate) => candidate.key === spelling);
      expect(problem, `${spelling}: ${error.message}`).toBeDefined();
      expect(problem?.message).toContain(`${spelling}: expected ${problem?.expected}, got ${problem?.value}`);
      expect(problem?.message).toContain(SOURCE);
      if (key !== 'env' && !(value instanceof Map)) expect(problem?.value).toBe(show(value));
      if (key !== 'name') expect(problem).toMatchObject({ app: 'the app' });
      expect(error.message.split('\n')).toContain(problem?.message);
    });
    await fc.assert(law, { numRuns: 1000 });
  });

  test('many mistakes in many apps are told at once', async () => {
    const cwd = folder({ 'app.js': '' });
    const others = ATTRIBUTE_KEYS.filter((key) => !['name', 'script', 'cron_timezone'].includes(key));
    const apps = fc.array(fc.uniqueArray(fc.constantFrom(...others), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    });
    const law = fc.asyncProperty(apps, async (wrongKeys) => {
      const raw = wrongKeys.map((keys, at) => ({
        name: `app-${at}`,
        script: 'app.js',
        ...Object.fromEntries(keys.map((key) => [key, Symbol('wrong')])),
      }));
      const problems = problemsOf(await errorOf(resolveApps(raw, commandIn(cwd))));
      const told = problems.map(({ app, key }) => `${app} ${key}`).sort();
      expect(told).toEqual(wrongKeys.flatMap((keys, at) => keys.map((key) => `app-${at} ${key}`)).sort());
    });
    await fc.assert(law, { numRuns: 100 });
  });

  test('anything at all is resolved or refused by name, never a crash of another kind', async () => {
    const cwd = folder({ 'app.js': '' });
    const junk = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    const app = fc.dictionary(
      fc.constantFrom<string>(...ATTRIBUTE_KEYS, 'env_x', 'outFile', '__proto__', 'nonsense'),
      junk,
    );
    const raw = fc.oneof(junk, app, fc.array(app), fc.record({ apps: fc.oneof(junk, fc.array(fc.oneof(junk, app))) }));
    const law = fc.asyncProperty(raw, async (value) => {
      try {
        await resolveApps(value, commandIn(cwd));
      } catch (error) {
        if (!(error instanceof PromvisorError)) throw error;
        for (const { message, key, value: got } of problemsOf(error)) {
          for (const word of [SOURCE, key, got]) expect(message).toContain(word);
        }
      }
    });
    await fc.assert(law, { numRuns: 1000 });
  });

  test('objects that throw, refer to themselves or have no end are refused by key', async () => {
    const cwd = folder({ 'app.js': '' });
    const endless: unknown[] = [];
    endless.push(endless);
    const app = {
      script: 'app.js',
      get args(): unknown {
        throw new Error('no args today');
      },
      watch: endless,
      env: new Proxy({}, { ownKeys: () => Promise.reject.call(null) as never }),
    };
    const error = await errorOf(resolveApps(app, commandIn(cwd)));
    expect(
      problemsOf(error)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['args', 'env', 'watch']);
    expect(error.message).toContain('no args today');
    const hostile = new Proxy({}, { ownKeys: () => [1] as never });
    expect((await errorOf(resolveApps(hostile, commandIn(cwd)))).code).toBe('CONFIG_INVALID');
    const throwing = {
      get apps(): unknown {
        throw new Error('no apps today');
      },
    };
    expect((await errorOf(resolveApps(throwing, commandIn(cwd)))).message).toContain('no apps today');
  });
});

describe('malformed files', () => {
  const good = `{
  // the shop
  "apps": [
    { "name": "web", script: './app.js', "instances": 2, "env": { "A": "b", }, },
    { name: 'jobs', script: './app.js', cron_restart: '0 4 * * *' },
  ],
}`;
  const yaml =
    'apps:\n  - name: web\n    script: ./app.js\n    env: { A: b }\n  - name: jobs\n    script: "./app.js"\n';
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(30),
    put: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('{', '}', '[', ']', '"', "'", ':', '\n', '\t', '&a', '*a', '!!js', '- '),
    ),
  });

  test.each([
    ['damaged.json', good],
    ['damaged.yml', yaml],
  ])('%s: 500 damaged ones are read, or refused with the name of the file', async (name, text) => {
    const cwd = folder({ 'app.js': '' });
    const source = path.join(cwd, name);
    const law = fc.asyncProperty(damage, async ({ at, cut, put }) => {
      const start = Math.floor(at * text.length);
      const damaged = text.slice(0, start) + put + text.slice(start + cut);
      try {
        const read = name.endsWith('.json') ? parseConfigText(damaged, source) : await loadYaml(damaged);
        await resolveApps(read, { ...commandIn(cwd), source });
      } catch (error) {
        if (!(error instanceof PromvisorError)) throw error;
        expect(['CONFIG_UNREADABLE', 'CONFIG_INVALID']).toContain(error.code);
        for (const line of error.message.split('\n')) expect(line).toContain(name);
      }
    });
    await fc.assert(law, { numRuns: 500 });
  });

  async function loadYaml(text: string): Promise<unknown> {
    return loadConfigFile(path.join(folder({ 'damaged.yml': text }), 'damaged.yml'));
  }
});
