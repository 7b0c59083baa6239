import type { AppSpec } from '../core/spec.ts';
import type { InstanceState } from '../core/states.ts';
import { labelsText } from './format.ts';

/** Exporters for PM2 that differ in names and labels; the first is the usual one. */
export const PM2_FLAVOURS = ['pm2-metrics', 'pm2-prometheus-exporter'] as const;
export type Pm2Flavour = (typeof PM2_FLAVOURS)[number];

/** An instance as PM2's exporters see it. */
export interface Pm2Source {
  readonly id: number;
  readonly slot: number;
  readonly spec: AppSpec;
  readonly state: InstanceState;
  /** Unix ms of creation, or of the latest manual restart or reset. */
  readonly createdAtMs: number;
  /** Unix ms of the latest spawn, null before the first. */
  readonly lastStartedAtMs: number | null;
  /** Of the process tree, 1 = one core; null when nobody looked yet. */
  readonly cpuRatio: number | null;
  readonly rssBytes: number | null;
  /** Version of the Node that runs the app, without the v; null for another program or when unknown. */
  readonly nodeVersion: string | null;
  /** What the process says of itself; null for another program, and when it is mute. */
  readonly runtime: Pm2Runtime | null;
}

export interface Pm2Runtime {
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly activeHandles: number;
  readonly activeRequests: number;
  /** How late callbacks ran; null when it was not measured. */
  readonly loopDelay: { readonly p50Seconds: number; readonly p95Seconds: number } | null;
  /** Requests answered of late; null for an app that answered none. */
  readonly http: { readonly perSecond: number; readonly p50Seconds: number; readonly p95Seconds: number } | null;
}

interface Family {
  readonly name: string;
  readonly help: string;
  /** True: named also when no instance has a value. */
  readonly always: boolean;
  readonly read: (source: Pm2Source, nowMs: number) => number | null | undefined;
}

const MS_PER_SECOND = 1000;
const BYTES_PER_MIB = 1024 * 1024;

const always = (name: string, help: string, read: Family['read']): Family => ({ name, help, always: true, read });
const some = (name: string, help: string, read: Family['read']): Family => ({ name, help, always: false, read });

const COMMON: readonly Family[] = [
  always('pm2_up', 'Is the process running', (source) => (isUp(source) ? 1 : 0)),
  // Percent of one core, to a tenth.
  always('pm2_cpu', 'Process cpu usage', (source) =>
    isUp(source) ? Math.round((source.cpuRatio ?? 0) * MS_PER_SECOND) / 10 : 0,
  ),
  always('pm2_memory', 'Process memory usage', (source) => (isUp(source) ? (source.rssBytes ?? 0) : 0)),
  // It goes on for an app that is down, as with PM2.
  always('pm2_uptime', 'Process uptime', ({ lastStartedAtMs, createdAtMs }, nowMs) =>
    Math.max(0, Math.round((nowMs - (lastStartedAtMs ?? createdAtMs)) / MS_PER_SECOND)),
  ),
  always('pm2_instances', 'Process instances', ({ spec }) => spec.process.instances),
];

const FAMILIES: Readonly<Record<Pm2Flavour, readonly Family[]>> = {
  'pm2-metrics': [
    ...COMMON,
    always('pm2_restarts', 'Process restarts', ({ state }) => state.restartsShown),
    always('pm2_prev_restart_delay', 'Previous restart delay', ({ state }) => state.lastDelayMs || null),
    some('pm2_heap_size', 'Heap Size', ({ runtime }) => mib(runtime?.heapTotalBytes)),
    some('pm2_heap_usage', 'Heap Usage', ({ runtime }) =>
      runtime === null ? null : rounded((100 * runtime.heapUsedBytes) / runtime.heapTotalBytes),
    ),
    some('pm2_used_heap_size', 'Used Heap Size', ({ runtime }) => mib(runtime?.heapUsedBytes)),
    some('pm2_active_requests', 'Active requests', ({ runtime }) => runtime?.activeRequests),
    some('pm2_active_handles', 'Active handles', ({ runtime }) => runtime?.activeHandles),
    some('pm2_event_loop_latency', 'Event Loop Latency', ({ runtime }) => ms(runtime?.loopDelay?.p50Seconds)),
    some('pm2_event_loop_latency_p95', 'Event Loop Latency p95', ({ runtime }) => ms(runtime?.loopDelay?.p95Seconds)),
    // PM2 calls its median a mean, and requests in a second requests in a minute.
    some('pm2_http_mean_latency', 'HTTP Mean Latency', ({ runtime }) => ms(runtime?.http?.p50Seconds)),
    some('pm2_http_p95_latency', 'HTTP P95 Latency', ({ runtime }) => ms(runtime?.http?.p95Seconds)),
    some('pm2_http', 'HTTP', ({ runtime }) => rounded(runtime?.http?.perSecond)),
  ],
  'pm2-prometheus-exporter': [
    ...COMMON,
    // Only those in a row that were too young.
    always('pm2_restarts', 'Process restarts', ({ state }) => state.unstableRestarts),
    // PM2 7 gives it no value for this name either.
    always('pm2_loop_delay', 'V8 loop delay', () => null),
  ],
};

/**
 * Renders the metrics that an exporter for PM2 would show of these instances: names, labels, units and meanings as
 * seen from outside of pm2-metrics 1.0.47 and pm2-prometheus-exporter 0.1.1 beside PM2 7.0.4.
 * @param sources in the order of their ids
 * @param options which exporter, and the wall time in Unix ms
 * @returns text format 0.0.4
 */
export function pm2Text(
  sources: readonly Pm2Source[],
  { flavour, nowMs }: { readonly flavour: Pm2Flavour; readonly nowMs: number },
): string {
  const labelled = sources.map((source) => ({ source, labels: labelsOf(source, flavour) }));
  let text = '';
  for (const { name, help, always: named, read } of FAMILIES[flavour]) {
    let series = '';
    for (const { source, labels } of labelled) {
      const value = read(source, nowMs);
      if (value !== null && value !== undefined) series += `${name}{${labels}} ${value}\n`;
    }
    if (named || series !== '') text += `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${series}`;
  }
  return text;
}

function labelsOf({ id, slot, spec, nodeVersion }: Pm2Source, flavour: Pm2Flavour): string {
  const own = { name: spec.name, instance: String(slot) };
  if (flavour === 'pm2-prometheus-exporter') return labelsText(own);
  return labelsText({
    id: String(id),
    name: spec.name,
    version: spec.version,
    instance: String(slot),
    interpreter: spec.process.shellLine ? 'none' : spec.process.interpreter,
    node_version: nodeVersion ?? 'undefined',
  });
}

function isUp({ state }: Pm2Source): boolean {
  return state.phase.status === 'running';
}

function mib(bytes: number | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : rounded(bytes / BYTES_PER_MIB);
}

function ms(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : rounded(seconds * MS_PER_SECOND);
}

function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value * 100) / 100;
}
