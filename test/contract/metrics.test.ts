import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { EXIT_REASONS, type ExitRecord } from '../../src/core/exit.ts';
import { newInstance } from '../../src/core/machine.ts';
import type { InstanceState, Phase } from '../../src/core/states.ts';
import { countDuration, DURATION_BUCKETS, newShipFigures } from '../../src/logs/ship/figures.ts';
import { ALL_METRICS, METRICS } from '../../src/metrics/contract.ts';
import { createExposition } from '../../src/metrics/exposition.ts';
import type { MetricSpec } from '../../src/metrics/metric-spec.ts';
import { createProcSampler } from '../../src/metrics/proc-sampler.ts';
import { RUNTIME_METRICS } from '../../src/metrics/runtime-contract.ts';
import type { FleetSource } from '../../src/metrics/source.ts';
import type { Sampler } from '../../src/metrics/vitals.ts';
import type { CgroupFigures } from '../../src/os/cgroup.ts';
import { openCpuClock } from '../../src/os/cpu-clock.ts';
import { identityOf } from '../../src/os/identity.ts';
import { agentThatSaid, fullTelemetry } from '../support/agent-answers.ts';
import { fleetOf, plainInstance, plainSpec } from '../support/fleet-source.ts';
import { readExposition, type Series } from '../support/prometheus-text.ts';

const PROMTOOL = 'promtool';
const SPECS: Readonly<Record<string, MetricSpec>> = METRICS;
/** Suffixes that prometheus asks for, by unit. */
const UNIT_SUFFIX = {
  seconds: 'seconds',
  bytes: 'bytes',
  ratio: 'ratio',
  timestamp_seconds: '(timestamp|start_time)_seconds',
} as const;

const samplers: Sampler[] = [];
afterEach(() => {
  for (const sampler of samplers.splice(0)) sampler.close();
});

function exposition(source: FleetSource, sampler: Sampler = createProcSampler(systemClock)) {
  samplers.push(sampler);
  const problems: string[] = [];
  const onProblem = (collector: string, message: string) => problems.push(`${collector}: ${message}`);
  const made = createExposition({ source, sampler: async () => sampler, wallMs: () => 1_700_000_000_000, onProblem });
  return {
    ...made,
    problems,
    read: async () => readExposition(Buffer.concat((await made.render('plain')).body).toString()),
  };
}

function stateWith(changes: Partial<InstanceState>): InstanceState {
  return { ...newInstance(0), ...changes };
}

const DEATH: ExitRecord = {
  generation: 1,
  reason: 'signal',
  code: null,
  signal: 'SIGABRT',
  uptimeMs: 5,
  message: null,
};

/** A running instance with everything that can have a series: this very process stands for the app. */
function fullInstance() {
  const identity = identityOf(process.pid);
  if (identity === null) throw new Error('this process must have an identity');
  const cron = { pattern: '0 4 * * *', timezone: null };
  return plainInstance({
    spec: plainSpec({ limits: { maxMemoryBytes: 2e8 }, triggers: { cron, watch: null } }),
    state: stateWith({
      phase: { status: 'running', pid: process.pid, readyAtMs: 1 },
      generation: 2,
      lastExit: { ...DEATH, code: 3, signal: null, reason: 'error_code' },
    }),
    process: { identity, startedAtMs: 1_700_000_000_500, exited: false },
    lastExit: { atMs: 1_700_000_000_250 },
  });
}

/** A shipper that has done a bit of everything. */
function lokiFigures() {
  const figures = newShipFigures();
  countDuration(figures, '204', 30);
  countDuration(figures, 'timeout', 10_000);
  const pending = [{ app: 'api', namespace: 'default', stream: 'out', bytes: 7 }];
  return { ...figures, pending, lagSeconds: 1.5, lastSuccessMs: 1500 };
}

const CGROUP: CgroupFigures = {
  memoryBytes: 5e8,
  memoryLimitBytes: 1e9,
  oomKills: 2,
  pressureSeconds: {
    cpu: { some: 1.5, full: 0 },
    memory: { some: 0.25, full: 0.125 },
    io: { some: 3, full: 2 },
  },
};

const AGENTS: FleetSource['agents'] = {
  pull: async () => {},
  of: () => agentThatSaid(fullTelemetry()),
  timeouts: () => 3,
};

/** In a family of the apps, the series that the daemon has of itself. */
function isOfDaemon(name: string, { labels }: Series): boolean {
  return name in RUNTIME_METRICS && !('app' in labels);
}

const A = { app: 'api', namespace: 'default' };
const I = { ...A, instance_id: '0' };

describe('contract', () => {
  it.each(Object.entries(SPECS))('%s is named by the conventions', (name, { type, unit, labels, help, buckets }) => {
    const base = type === 'counter' ? name.replace(/_total$/, '') : name;
    expect(name).toMatch(/^promvisor_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name.endsWith('_info')).toBe(unit === 'info');
    const suffix = unit in UNIT_SUFFIX ? UNIT_SUFFIX[unit as keyof typeof UNIT_SUFFIX] : null;
    if (suffix !== null) expect(base).toMatch(new RegExp(`_${suffix}$`));
    else expect(base).not.toMatch(/_(seconds|bytes|ratio|percent|ms|milliseconds|kb|mb)$/);
    expect(help).toMatch(/^[A-Z1].*[^.]\.$/);
    expect(help).not.toContain('\n');
    expect(buckets !== undefined).toBe(type === 'histogram');
    for (const label of labels) expect(['instance', 'job', 'pid', 'generation', 'path', 'le']).not.toContain(label);
  });
});

describe('render', () => {
  it('shows every metric of the contract with its type, help and labels, and no other', async () => {
    const { read, observeReady } = exposition(
      fleetOf([fullInstance()], {
        nextCronMs: () => 1_800_000_000_000,
        loki: lokiFigures,
        cgroup: () => CGROUP,
        agents: AGENTS,
      }),
      createProcSampler(systemClock, { pss: true, cpuClock: openCpuClock(true) }),
    );
    observeReady(plainSpec(), 40, {});
    await read();
    const exposed = await read();
    expect([...exposed.families.keys()].sort()).toEqual(Object.keys(ALL_METRICS).sort());
    for (const [name, spec] of Object.entries<MetricSpec>(ALL_METRICS)) {
      expect(exposed.families.get(name)).toEqual({ type: spec.type, help: spec.help });
      const names = spec.type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
      const found = exposed.series.filter((series) => names.includes(series.name) && !isOfDaemon(name, series));
      expect(found.length, name).toBeGreaterThan(0);
      for (const { name: own, labels } of found) {
        const extra = own.endsWith('_bucket') ? ['le'] : [];
        expect(Object.keys(labels).sort(), own).toEqual([...spec.labels, ...extra].sort());
      }
      for (const [label, values] of Object.entries(spec.values ?? {})) {
        expect(new Set(found.map(({ labels }) => labels[label])), name).toEqual(new Set(values));
      }
    }
  });

  it('tells what was shipped to Loki, and nothing of it while nothing is', async () => {
    expect(METRICS.promvisor_loki_request_duration_seconds.buckets).toEqual(DURATION_BUCKETS);
    const { value } = await exposition(fleetOf([], { loki: lokiFigures })).read();
    const name = 'promvisor_loki_request_duration_seconds';
    expect(value(`${name}_bucket`, { code: '204', le: '0.05' })).toBe(1);
    expect(value(`${name}_bucket`, { code: 'timeout', le: '5' })).toBe(0);
    expect(value(`${name}_count`, { code: 'timeout' })).toBe(1);
    expect(value('promvisor_loki_pending_bytes', { ...A, stream: 'out' })).toBe(7);
    expect(value('promvisor_loki_last_success_timestamp_seconds')).toBe(1.5);
    expect(value('promvisor_loki_dropped_entries_total', { reason: 'too_old' })).toBe(0);
    const off = await exposition(fleetOf([])).read();
    expect([...off.families.keys()].filter((family) => family.startsWith('promvisor_loki_'))).toEqual([]);
  });

  it('tells of the control group of the daemon what the kernel tells, and nothing without one', async () => {
    const read = (cgroup: CgroupFigures | null) => exposition(fleetOf([], { cgroup: () => cgroup })).read();
    const full = await read(CGROUP);
    expect(full.value('promvisor_cgroup_memory_bytes')).toBe(5e8);
    expect(full.value('promvisor_cgroup_memory_limit_bytes')).toBe(1e9);
    expect(full.value('promvisor_cgroup_oom_kills_total')).toBe(2);
    expect(full.value('promvisor_cgroup_pressure_seconds_total', { resource: 'memory', kind: 'full' })).toBe(0.125);
    const unlimited = await read({ ...CGROUP, memoryLimitBytes: null });
    expect(unlimited.value('promvisor_cgroup_memory_limit_bytes')).toBeUndefined();
    const none = await read(null);
    expect([...none.families.keys()].filter((family) => family.startsWith('promvisor_cgroup_'))).toEqual([]);
  });

  it('counts skipped schedules of the apps that have one', async () => {
    const scheduled = plainSpec({ triggers: { cron: { pattern: '0 4 * * *', timezone: null }, watch: null } });
    const instances = [plainInstance({ spec: scheduled }), plainInstance({ id: 1, spec: plainSpec({ name: 'web' }) })];
    const { read, observeCronSkipped } = exposition(fleetOf(instances));
    expect((await read()).value('promvisor_cron_skipped_total', A)).toBe(0);
    observeCronSkipped(scheduled);
    observeCronSkipped(scheduled);
    const { value } = await read();
    expect(value('promvisor_cron_skipped_total', A)).toBe(2);
    expect(value('promvisor_cron_skipped_total', { app: 'web' })).toBeUndefined();
  });

  it('counts the cpu time of the daemon from its start', async () => {
    const { value } = await exposition(fleetOf([])).read();
    const { user, system } = process.cpuUsage();
    expect(value('process_cpu_seconds_total')).toBeGreaterThan((user + system) / 1e6 / 2);
  });

  it('gives each series once', async () => {
    const two = [
      fullInstance(),
      plainInstance({ id: 1, slot: 1 }),
      plainInstance({ id: 2, spec: plainSpec({ name: 'b' }) }),
    ];
    const { series } = await exposition(fleetOf(two)).read();
    const keys = series.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('satisfies promtool check metrics', async (context) => {
    const { render, observeReady } = exposition(fleetOf([fullInstance()], { loki: lokiFigures, agents: AGENTS }));
    observeReady(plainSpec(), 40, {});
    const { body, contentType } = await render('plain');
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const checked = spawnSync(PROMTOOL, ['check', 'metrics'], { input: Buffer.concat(body), encoding: 'utf8' });
    if (checked.error !== undefined) return context.skip('promtool is not installed here');
    expect({ status: checked.status, output: checked.stdout + checked.stderr }).toEqual({ status: 0, output: '' });
  });

  it('tells the truth about an end by signal', async () => {
    const state = stateWith({ lastExit: DEATH });
    const { value } = await exposition(fleetOf([plainInstance({ state, lastExit: { atMs: 1500 } })])).read();
    expect(value('promvisor_instance_last_exit_code', I)).toBeUndefined();
    expect(value('promvisor_instance_last_exit_signal', I)).toBe(6);
    expect(value('promvisor_instance_last_exit_timestamp_seconds', I)).toBe(1.5);
    expect(value('promvisor_instance_last_exit_info', I)).toBe(1);
    expect(value('promvisor_instance_last_exit_info', { ...I, reason: 'signal' })).toBe(1);
  });

  it('has no last exit before the first, and counts of all reasons at 0', async () => {
    const { value } = await exposition(fleetOf([plainInstance()])).read();
    expect(value('promvisor_instance_last_exit_signal', I)).toBeUndefined();
    expect(value('promvisor_instance_last_exit_info', I)).toBeUndefined();
    for (const reason of EXIT_REASONS) {
      expect(value('promvisor_instance_restarts_total', { ...I, reason })).toBe(0);
      expect(value('promvisor_instance_exits_total', { ...I, reason })).toBe(0);
    }
  });

  it('follows counts and states from scrape to scrape', async () => {
    const instances = [plainInstance()];
    const { read } = exposition(fleetOf(instances));
    await read();
    const first = newInstance(0);
    const restarts = { ...first.counters.restarts, memory_limit: 3 };
    const phase: Phase = { status: 'backoff', timerId: 1, delayMs: 1500, untilMs: 9 };
    // A new object for the instance as well as the same one with a new state.
    instances[0] = plainInstance({ state: { ...first, phase, counters: { ...first.counters, starts: 4, restarts } } });
    const { value } = await read();
    expect(value('promvisor_instance_restarts_total', { ...I, reason: 'memory_limit' })).toBe(3);
    expect(value('promvisor_instance_starts_total', I)).toBe(4);
    expect(value('promvisor_instance_restart_backoff_seconds', I)).toBe(1.5);
    expect(value('promvisor_instance_status', { ...I, status: 'waiting_restart' })).toBe(1);
    expect(value('promvisor_instance_status', { ...I, status: 'stopped' })).toBe(0);
  });

  it('notices that an app has another name', async () => {
    const instance = { ...plainInstance() };
    const { read } = exposition(fleetOf([instance]));
    await read();
    Object.assign(instance, { spec: plainSpec({ name: 'web' }) });
    const { series } = await read();
    const named = series.filter(({ labels }) => 'app' in labels);
    expect(new Set(named.map(({ labels }) => labels['app']))).toEqual(new Set(['web']));
  });

  const stopping = {
    status: 'stopping',
    pid: 1,
    cause: null,
    timerId: 1,
    killed: false,
    rootGone: false,
    sinceMs: 0,
    delayMs: 0,
  } as const;
  it.each<[Phase, number, number, string]>([
    [{ status: 'stopped' }, 0, 0, 'stopped'],
    [{ status: 'exited' }, 0, 0, 'stopped'],
    [{ status: 'fatal' }, 1, 0, 'errored'],
    [{ status: 'starting', pid: 1, spawnedAtMs: 0, timerId: null }, 1, 0, 'launching'],
    [{ status: 'running', pid: 1, readyAtMs: 0 }, 1, 1, 'online'],
    [{ status: 'backoff', timerId: 1, delayMs: 5, untilMs: 5 }, 1, 0, 'waiting_restart'],
    [{ ...stopping, next: 'stopped' }, 0, 0, 'stopping'],
    [{ ...stopping, next: 'starting' }, 1, 0, 'stopping'],
  ])('%j: desired %i, online %i, %s', async (phase, desired, online, status) => {
    const { value, series } = await exposition(fleetOf([plainInstance({ state: stateWith({ phase }) })])).read();
    expect(value('promvisor_app_instances_desired', A)).toBe(desired);
    expect(value('promvisor_app_instances_online', A)).toBe(online);
    const ones = series.filter((one) => one.name === 'promvisor_instance_status' && one.value === 1);
    expect(ones.map(({ labels }) => labels['status'])).toEqual([status]);
  });

  it('escapes what an app is called', async () => {
    const name = 'a"b\\n\nc,d="e"}';
    const { series } = await exposition(fleetOf([plainInstance({ spec: plainSpec({ name }) })])).read();
    const names = series.filter(({ labels }) => 'app' in labels).map(({ labels }) => labels['app']);
    expect(new Set(names)).toEqual(new Set([name]));
  });

  it('puts starts into the buckets of their app and forgets apps that have gone', async () => {
    const instances = [plainInstance()];
    const { read, observeReady } = exposition(fleetOf(instances));
    for (const readyMs of [5, 6, 70_000]) observeReady(plainSpec(), readyMs, {});
    observeReady(plainSpec({ name: 'gone' }), 1, {});
    const { value, series } = await read();
    const name = 'promvisor_instance_ready_duration_seconds';
    expect(value(`${name}_bucket`, { ...A, le: '0.005' })).toBe(1);
    expect(value(`${name}_bucket`, { ...A, le: '60' })).toBe(2);
    expect(value(`${name}_bucket`, { ...A, le: '+Inf' })).toBe(3);
    expect(value(`${name}_count`, A)).toBe(3);
    expect(value(`${name}_sum`, A)).toBeCloseTo(70.011);
    expect(series.some(({ labels }) => labels['app'] === 'gone')).toBe(false);
  });

  it('leaves out what a failing collector has, says so, and tells of it once', async () => {
    const broken: Sampler = {
      sample: () => Promise.reject(new Error('no /proc today')),
      totals: () => {
        throw new Error('unreachable');
      },
      ended: () => {},
      saved: () => null,
      restore: () => {},
      forget: () => {},
      close: () => {},
    };
    const { read, problems } = exposition(fleetOf([fullInstance()]), broken);
    const { value, families } = await read();
    await read();
    expect(problems).toEqual(['processes: no /proc today']);
    expect(value('promvisor_collector_success', { collector: 'processes' })).toBe(0);
    expect(value('promvisor_collector_success', { collector: 'fleet' })).toBe(1);
    expect(families.has('promvisor_instance_threads')).toBe(false);
    expect(value('promvisor_app_instances_online', A)).toBe(1);
  });

  it.each([
    [{ listen: null, address: null }, undefined],
    [{ listen: '127.0.0.1:1', address: null }, 0],
    [{ listen: '127.0.0.1:1', address: '127.0.0.1:1' }, 1],
  ])('listener %j: %s', async (http, up) => {
    const { value } = await exposition(fleetOf([], { http: () => http })).read();
    expect(value('promvisor_http_listener_up')).toBe(up);
  });
});
