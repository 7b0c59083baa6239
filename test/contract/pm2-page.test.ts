import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newInstance } from '../../src/core/machine.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import type { Phase } from '../../src/core/states.ts';
import { PM2_FLAVOURS, type Pm2Flavour, type Pm2Runtime, type Pm2Source, pm2Text } from '../../src/metrics/pm2-page.ts';
import { plainSpec } from '../support/fleet-source.ts';
import { type Exposed, readExposition } from '../support/prometheus-text.ts';

const NOW_MS = 1_700_000_100_400;
const RUNNING: Phase = { status: 'running', pid: 7, readyAtMs: 0 };
const MIB = 1024 * 1024;

/** What a real exporter said beside a real PM2: golden/make-pm2-metrics.mjs. */
function golden(flavour: Pm2Flavour): Exposed {
  return readExposition(readFileSync(new URL(`./golden/${flavour}.txt`, import.meta.url), 'utf8'));
}

function page(sources: readonly Pm2Source[], flavour: Pm2Flavour = 'pm2-metrics'): Exposed {
  return readExposition(pm2Text(sources, { flavour, nowMs: NOW_MS }));
}

const RUNTIME: Pm2Runtime = {
  heapUsedBytes: 5 * MIB,
  heapTotalBytes: 8 * MIB,
  activeHandles: 3,
  activeRequests: 1,
  loopDelay: { p50Seconds: 0.0012, p95Seconds: 0.0251 },
  http: null,
};

interface Changes extends Partial<Omit<Pm2Source, 'spec' | 'state'>> {
  readonly name?: string;
  readonly phase?: Phase;
  readonly state?: Partial<Pm2Source['state']>;
  readonly program?: Partial<AppSpec['process']>;
}

function source({ name = 'worker', phase = RUNNING, state, program, ...changes }: Changes = {}): Pm2Source {
  return {
    id: 1,
    slot: 0,
    spec: plainSpec({ name, version: 'N/A', process: { ...plainSpec().process, ...program } }),
    state: { ...newInstance(0), phase, ...state },
    createdAtMs: NOW_MS - 90_000,
    lastStartedAtMs: NOW_MS - 16_000,
    cpuRatio: 0.003,
    rssBytes: 52_776_960,
    nodeVersion: '20.20.2',
    runtime: RUNTIME,
    ...changes,
  };
}

/** The apps of the golden page, in its states. */
function sameFleet(): readonly Pm2Source[] {
  const web = { name: 'web', program: { execMode: 'cluster', instances: 2 } } as const;
  const runtime = { ...RUNTIME, http: { perSecond: 0.48, p50Seconds: 0, p95Seconds: 0.001 } };
  const native = { program: { interpreter: 'none' }, nodeVersion: null, runtime: null };
  const waiting: Phase = { status: 'backoff', timerId: 1, delayMs: 1700, untilMs: 9 };
  return [
    source({ ...web, id: 0, runtime }),
    source({ id: 1 }),
    source({ id: 2, name: 'native', ...native }),
    source({ id: 3, name: 'down', phase: { status: 'stopped' }, runtime: null }),
    source({ id: 4, name: 'broken', phase: { status: 'fatal' }, state: { restartsShown: 1 }, runtime: null }),
    source({
      id: 5,
      name: 'backing',
      phase: waiting,
      state: { restartsShown: 10, unstableRestarts: 10, lastDelayMs: 5743 },
      runtime: null,
    }),
    source({ ...web, id: 6, slot: 1, runtime }),
  ];
}

const sorted = (lines: readonly string[]) => [...lines].sort();

/** Which series there are, with the labels that tell them apart, and what a series carries in all. */
function shapeOf({ series }: Exposed): { readonly series: readonly string[]; readonly labels: readonly string[] } {
  const shown = series.map(({ name, labels }) => `${name} ${labels['name']}/${labels['instance']}`);
  const sets = series.map(({ name, labels }) => `${name}{${Object.keys(labels).join()}}`);
  return { series: sorted(shown), labels: sorted([...new Set(sets)]) };
}

describe.each(PM2_FLAVOURS)('/metrics/pm2 as %s', (flavour) => {
  it('has the names, types, helps, labels and series of the real exporter, and no other', () => {
    const real = golden(flavour);
    const ours = page(sameFleet(), flavour);
    const families = (exposed: Exposed) => Object.fromEntries(exposed.families);
    expect(families(ours)).toEqual(families(real));
    expect(shapeOf(ours)).toEqual(shapeOf(real));
  });

  it('says the same of the same apps where the figure is not the moment’s', () => {
    const real = golden(flavour);
    const ours = page(sameFleet(), flavour);
    for (const { name, labels } of real.series) {
      const which = { name: labels['name'] ?? '', instance: labels['instance'] ?? '' };
      if (!['pm2_up', 'pm2_instances'].includes(name)) continue;
      expect(ours.value(name, which), `${name} ${which.name}`).toBe(real.value(name, which));
    }
    for (const label of ['interpreter', 'version'] as const) {
      const of = ({ series }: Exposed) =>
        sorted(
          series.filter(({ name }) => name === 'pm2_up').map(({ labels }) => `${labels['name']} ${labels[label]}`),
        );
      expect(of(ours)).toEqual(of(real));
    }
    for (const name of ['down', 'broken', 'backing']) {
      expect(ours.value('pm2_memory', { name })).toBe(real.value('pm2_memory', { name }));
      expect(ours.value('pm2_cpu', { name })).toBe(real.value('pm2_cpu', { name }));
    }
  });
});

describe('/metrics/pm2', () => {
  it('has PM2’s units', () => {
    const http = { perSecond: 7.6612, p50Seconds: 0.031, p95Seconds: 0.0324 };
    const { value } = page([
      source({ cpuRatio: 1.2345, state: { restartsShown: 4, lastDelayMs: 150 }, runtime: { ...RUNTIME, http } }),
    ]);
    expect(value('pm2_cpu')).toBe(123.5);
    expect(value('pm2_memory')).toBe(52_776_960);
    expect(value('pm2_uptime')).toBe(16);
    expect(value('pm2_restarts')).toBe(4);
    expect(value('pm2_prev_restart_delay')).toBe(150);
    expect(value('pm2_heap_size')).toBe(8);
    expect(value('pm2_used_heap_size')).toBe(5);
    expect(value('pm2_heap_usage')).toBe(62.5);
    expect(value('pm2_active_handles')).toBe(3);
    expect(value('pm2_active_requests')).toBe(1);
    expect(value('pm2_event_loop_latency')).toBe(1.2);
    expect(value('pm2_event_loop_latency_p95')).toBe(25.1);
    expect(value('pm2_http')).toBe(7.66);
    expect(value('pm2_http_mean_latency')).toBe(31);
    expect(value('pm2_http_p95_latency')).toBe(32.4);
  });

  it('goes on counting the uptime of what is down, from its creation for what never ran', () => {
    const { value } = page([
      source({ name: 'down', phase: { status: 'stopped' } }),
      source({ name: 'never', id: 2, phase: { status: 'stopped' }, lastStartedAtMs: null }),
    ]);
    expect(value('pm2_uptime', { name: 'down' })).toBe(16);
    expect(value('pm2_uptime', { name: 'never' })).toBe(90);
    expect(value('pm2_up', { name: 'down' })).toBe(0);
  });

  it('counts as restarts what the older exporter does: those in a row that were too young', () => {
    const state = { restartsShown: 9, unstableRestarts: 2 };
    expect(page([source({ state })], 'pm2-prometheus-exporter').value('pm2_restarts')).toBe(2);
  });

  it('shows no runtime of a process that is mute, and no requests of one that serves none', () => {
    expect(page([source({ runtime: null })]).families.has('pm2_heap_size')).toBe(false);
    expect(page([source()]).families.has('pm2_http')).toBe(false);
  });
});
