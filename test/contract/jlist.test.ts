import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type JlistSource, jlistText, toJlist } from '../../src/api/jlist.ts';
import { PM2_KEYS } from '../../src/api/jlist-attributes.ts';
import { newInstance } from '../../src/core/machine.ts';
import type { AppSpec, LimitsSpec, LogsSpec, PolicySpec, ProcessSpec, TriggersSpec } from '../../src/core/spec.ts';
import type { InstanceState, Phase } from '../../src/core/states.ts';
import { AS_SET } from '../support/fleet-source.ts';

interface Entry {
  readonly pid: number;
  readonly name: string;
  readonly pm2_env: Readonly<Record<string, unknown>>;
  readonly pm_id: number;
  readonly monit: { readonly memory: number; readonly cpu: number };
}

/** What a real PM2 said: `golden/make.mjs` asks it again. */
const GOLDEN: { readonly pm2: string; readonly list: readonly Entry[] } = JSON.parse(
  readFileSync(new URL('./golden/pm2-jlist.json', import.meta.url), 'utf8'),
);

interface Parts {
  readonly name?: string;
  readonly namespace?: string;
  readonly configFile?: string;
  readonly envBlocks?: AppSpec['envBlocks'];
  readonly process?: Partial<ProcessSpec>;
  readonly policy?: Partial<PolicySpec>;
  readonly limits?: LimitsSpec;
  readonly triggers?: Partial<TriggersSpec>;
  readonly logs?: Partial<LogsSpec>;
}

function specOf(parts: Parts = {}): AppSpec {
  return {
    name: parts.name ?? 'plain',
    namespace: parts.namespace ?? 'default',
    configFile: parts.configFile ?? null,
    version: 'N/A',
    envBlocks: parts.envBlocks ?? {},
    process: {
      execMode: 'fork',
      schedule: 'shared',
      agent: true,
      telemetry: [],
      instances: 1,
      script: '/srv/app/idle.js',
      shellLine: false,
      interpreter: 'node',
      interpreterArgs: [],
      args: [],
      cwd: '/srv/app',
      env: { HOME: '/home/user', NODE_ENV: 'production' },
      instanceVar: 'NODE_APP_INSTANCE',
      incrementVar: null,
      uid: null,
      gid: null,
      pidFile: null,
      sourceMaps: true,
      ...parts.process,
    },
    policy: {
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
      listenTimeoutMs: 30_000,
      ...parts.policy,
    },
    limits: parts.limits ?? { maxMemoryBytes: null },
    triggers: { cron: null, watch: null, ...parts.triggers },
    logs: {
      outFile: '/var/log/out.log',
      errorFile: '/var/log/error.log',
      combinedFile: null,
      merge: true,
      dateFormat: null,
      type: 'plain',
      roll: AS_SET,
      loki: { enabled: true, labels: {} },
      ...parts.logs,
    },
  };
}

function stateOf(phase: Phase, parts: Partial<InstanceState> = {}): InstanceState {
  return { ...newInstance(0), phase, ...parts };
}

const RUNNING: Phase = { status: 'running', pid: 4242, readyAtMs: 0 };
const BACKOFF: Phase = { status: 'backoff', timerId: 1, delayMs: 60_000, untilMs: 60_000 };

function exited(code: number | null, signal: string | null = null): Partial<InstanceState> {
  return { lastExit: { generation: 1, reason: 'unknown', code, signal, uptimeMs: 3, message: null } };
}

function sourceOf(parts: Partial<JlistSource> = {}): JlistSource {
  return {
    id: 0,
    slot: 0,
    spec: specOf(),
    state: stateOf(RUNNING),
    createdAtMs: 1_700_000_000_000,
    lastStartedAtMs: 1_700_000_000_500,
    cpuRatio: 0.1234,
    rssBytes: 51_978_240,
    watching: false,
    username: 'user',
    nodeVersion: '20.0.0',
    logs: { out: '/var/log/out.log', error: '/var/log/error.log', combined: null },
    pidFile: '/run/plain-0.pid',
    ...parts,
  };
}

function entryOf(parts: Partial<JlistSource> = {}, exposeEnv = true): Entry {
  const [entry]: Entry[] = JSON.parse(jlistText([sourceOf(parts)], { exposeEnv }));
  if (entry === undefined) throw new Error('expected one entry');
  return entry;
}

const NOT_NODE = { nodeVersion: null } as const;
const WATCH = { ignore: ['node_modules'], delayMs: 500, usePolling: true, intervalMs: 100 } as const;

/** The apps of the golden, as our spec and state say them. */
const OURS: readonly Partial<JlistSource>[] = [
  {},
  { state: stateOf({ status: 'stopped' }, exited(0)) },
  { spec: specOf({ name: 'bad', policy: { maxRestarts: 2 } }), state: stateOf({ status: 'fatal' }, exited(3)) },
  {
    spec: specOf({ name: 'waiting', policy: { expBackoffRestartDelayMs: 60_000 } }),
    state: stateOf(BACKOFF, { ...exited(3), lastDelayMs: 60_000 }),
  },
  { spec: specOf({ name: 'loop', process: { interpreter: 'bash', script: '/srv/app/loop.sh' } }), ...NOT_NODE },
  {
    spec: specOf({ name: 'line', process: { interpreter: 'none', shellLine: true, script: 'sleep 1000; echo done' } }),
    ...NOT_NODE,
  },
  {
    spec: specOf({
      name: 'full',
      configFile: '/srv/app/ecosystem.config.cjs',
      namespace: 'shop',
      envBlocks: { staging: { NODE_ENV: 'staging' } },
      process: {
        args: ['--port', '3', 'a b'],
        interpreterArgs: ['--max-old-space-size=64'],
        env: { HOME: '/root', PORT: '3000' },
        instanceVar: 'SLOT',
        incrementVar: 'PORT',
      },
      policy: {
        maxRestarts: 7,
        minUptimeMs: 5000,
        restartDelayMs: 100,
        expBackoffRestartDelayMs: 150,
        stopExitCodes: [0, 143],
        killTimeoutMs: 3000,
        listenTimeoutMs: 4000,
      },
      limits: { maxMemoryBytes: 209_715_200 },
      triggers: { cron: { pattern: '0 4 * * *', timezone: null }, watch: { ...WATCH, paths: ['/srv/app/src'] } },
      logs: { dateFormat: 'YYYY-MM-DDTHH:mm:ss', type: 'json' },
    }),
    logs: { out: '/srv/app/o.log', error: '/srv/app/e.log', combined: '/srv/app/full.log' },
    watching: true,
  },
  ...[0, 1].map((slot) => ({
    spec: specOf({
      name: 'pair',
      configFile: '/srv/app/ecosystem.config.cjs',
      process: { instances: 2 },
      policy: { stopExitCodes: [9] },
      triggers: { watch: { paths: ['/srv/app'], ignore: [], delayMs: 0, usePolling: false, intervalMs: 100 } },
      logs: { merge: false },
    }),
    slot,
    watching: true,
  })),
  ...[0, 1].map((slot) => ({ spec: clusterOf('many', 2), slot })),
  { spec: clusterOf('rested'), state: stateOf({ status: 'stopped' }, exited(0)) },
  { spec: clusterOf('broken', 1, { maxRestarts: 1 }), state: stateOf({ status: 'fatal' }, exited(3)) },
];

function clusterOf(name: string, instances = 1, policy: Partial<PolicySpec> = {}): AppSpec {
  return specOf({ name, process: { execMode: 'cluster', instances }, policy, logs: { merge: false } });
}

/** Keys of PM2 that ours has not: what its own command line leaves behind, and its module system. */
function leftOut(golden: Entry): Set<string> {
  const variables = Object.keys(golden.pm2_env['env'] ?? {});
  return new Set(['_tree_pids', golden.name, ...variables]);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function kindsOf(fields: Readonly<Record<string, unknown>>, without: ReadonlySet<string>): Record<string, string> {
  const shown = Object.entries(fields).filter(([key]) => !without.has(key));
  return Object.fromEntries(shown.map(([key, value]) => [key, kindOf(value)]));
}

describe(`beside PM2 ${GOLDEN.pm2}`, () => {
  test.each(GOLDEN.list.map((golden, index) => [`${index} ${golden.name}`, golden, OURS[index]] as const))(
    'app %s has the same keys with the same types',
    (_, golden, ours) => {
      const entry = entryOf(ours ?? {});
      expect(Object.keys(entry)).toEqual(Object.keys(golden));
      expect(Object.keys(entry.monit)).toEqual(Object.keys(golden.monit));
      const theirs = leftOut(golden);
      const variables = new Set([...Object.keys(entry.pm2_env['env'] ?? {}), ...theirs]);
      // A variable that counts up is a number there and here: it stays in the comparison.
      for (const key of ['unique_id', 'PORT']) variables.delete(key);
      expect(kindsOf(entry.pm2_env, variables)).toEqual(kindsOf(golden.pm2_env, variables));
    },
  );

  test.each(GOLDEN.list.map((golden, index) => [`${index} ${golden.name}`, golden, OURS[index]] as const))(
    'app %s has the same words and figures where the spec decides them',
    (_, golden, ours) => {
      const { pm2_env: env } = entryOf(ours ?? {});
      for (const key of [
        ...['namespace', 'args', 'node_args', 'exec_interpreter', 'exec_mode', 'instances', 'instance_var', 'status'],
        ...['NODE_APP_INSTANCE', 'SLOT', 'PORT', 'max_restarts', 'min_uptime', 'restart_delay', 'kill_timeout'],
        ...['exp_backoff_restart_delay', 'stop_exit_codes', 'max_memory_restart', 'cron_restart', 'merge_logs', 'time'],
        ...['log_date_format', 'log_type', 'ignore_watch', 'watch_delay', 'exit_code', 'prev_restart_delay', 'pm_cwd'],
        ...['autostart', 'autorestart', 'treekill', 'listen_timeout', 'increment_var', 'version', 'windowsHide'],
      ]) {
        expect([key, env[key]]).toEqual([key, golden.pm2_env[key]]);
      }
    },
  );
});

describe('state', () => {
  test.each<[string, Phase, string, number]>([
    [
      'a process that is not ready has its pid',
      { status: 'starting', pid: 7, spawnedAtMs: 0, timerId: null },
      'launching',
      7,
    ],
    ['a running one too', RUNNING, 'online', 4242],
    ['nothing is alive while waiting for a restart', BACKOFF, 'waiting restart', 0],
    ['nothing is alive when stopped', { status: 'stopped' }, 'stopped', 0],
    ['what ended by itself is stopped', { status: 'exited' }, 'stopped', 0],
    ['what gave up is errored', { status: 'fatal' }, 'errored', 0],
  ])('%s', (_, phase, word, pid) => {
    const entry = entryOf({ state: stateOf(phase) });
    expect(entry).toMatchObject({ pid, pm2_env: { status: word } });
    expect(entry.monit).toEqual(word === 'online' ? { memory: 51_978_240, cpu: 12.3 } : { memory: 0, cpu: 0 });
  });

  test('figures that nobody took yet are 0', () => {
    expect(entryOf({ cpuRatio: null, rssBytes: null }).monit).toEqual({ memory: 0, cpu: 0 });
  });

  test('exit_code comes with the first exit, and a signal is no 0', () => {
    expect(entryOf().pm2_env).not.toHaveProperty('exit_code');
    expect(entryOf({ state: stateOf(RUNNING, exited(0)) }).pm2_env['exit_code']).toBe(0);
    expect(entryOf({ state: stateOf(RUNNING, exited(null, 'SIGABRT')) }).pm2_env['exit_code']).toBe(134);
    expect(entryOf({ state: stateOf(RUNNING, exited(null)) }).pm2_env).not.toHaveProperty('exit_code');
  });

  test('unique_id stays over restarts and differs between slots', () => {
    const first = entryOf().pm2_env['unique_id'];
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(entryOf({ state: stateOf(BACKOFF), createdAtMs: 5, id: 3 }).pm2_env['unique_id']).toBe(first);
    expect(entryOf({ slot: 1 }).pm2_env['unique_id']).not.toBe(first);
  });
});

describe('environment', () => {
  const spec = specOf({
    envBlocks: { production: { SECRET: 'hidden-1' } },
    process: {
      env: { SECRET: 'hidden-2', status: 'weird', uid: '99', PORT: '80', env_x: 'y', ['__proto__']: 'hidden-3' },
      incrementVar: 'PORT',
    },
  });

  test('values are shown nested and flattened; an attribute wins over a variable of its name', () => {
    const { pm2_env: env } = entryOf({ spec, slot: 2 });
    expect(env['env']).toEqual({ ...spec.process.env, PORT: 82 });
    expect(env).toMatchObject({
      SECRET: 'hidden-2',
      PORT: 82,
      status: 'online',
      env_production: { SECRET: 'hidden-1' },
    });
    expect(env).not.toHaveProperty('uid');
    expect(env).not.toHaveProperty('env_x');
  });

  test('every key of ours is known as such, so that a variable of its name cannot take its place', () => {
    for (const parts of OURS) {
      const { pm2_env: env } = entryOf({ ...parts, state: stateOf(BACKOFF, { ...exited(1), lastDelayMs: 5 }) }, false);
      const own = Object.keys(env).filter((key) => !['NODE_APP_INSTANCE', 'SLOT', 'env_staging'].includes(key));
      expect(own.filter((key) => !PM2_KEYS.has(key))).toEqual([]);
    }
  });

  test('no key stands twice', () => {
    const text = jlistText([sourceOf({ spec, slot: 2 })], { exposeEnv: true });
    expect(JSON.stringify(JSON.parse(text))).toBe(text);
  });

  test('without leave no value is shown, and the keys that name the instance stay', () => {
    const text = jlistText([sourceOf({ spec, slot: 2 })], { exposeEnv: false });
    expect(text).not.toMatch(/hidden|weird|99/);
    const { pm2_env: env } = entryOf({ spec, slot: 2 }, false);
    expect(env).toMatchObject({ env: {}, env_production: {}, NODE_APP_INSTANCE: 2, name: 'plain', status: 'online' });
    for (const name of ['SECRET', 'PORT']) expect(env).not.toHaveProperty(name);
  });
});

describe('the whole list', () => {
  test('is [] without apps', () => {
    expect(jlistText([], { exposeEnv: true })).toBe('[]');
    expect(toJlist([], { exposeEnv: true })).toEqual([]);
  });

  test('keeps the order given, as data and as text', () => {
    const sources = [3, 1, 2].map((id) => sourceOf({ id }));
    const list = toJlist(sources, { exposeEnv: false });
    expect(list).toMatchObject([{ pm_id: 3 }, { pm_id: 1 }, { pm_id: 2 }]);
    expect(JSON.stringify(list)).toBe(jlistText(sources, { exposeEnv: false }));
  });

  test('of 100 apps with 30 variables each is rendered in a few milliseconds', () => {
    const env = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`VARIABLE_${index}`, 'x'.repeat(60)]));
    const sources = Array.from({ length: 100 }, (_, id) => sourceOf({ id, spec: specOf({ process: { env } }) }));
    const spentMs = Array.from({ length: 30 }, () => {
      const beganMs = performance.now();
      jlistText(sources, { exposeEnv: true });
      return performance.now() - beganMs;
    });
    expect(Math.min(...spentMs)).toBeLessThan(6);
  });
});
