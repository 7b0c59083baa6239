import { type AgentRuntime, HTTP_METHODS } from '../base/agent-telemetry.ts';
import type { AgentAccount } from './agent-account.ts';
import { type AgentFigures, DISTRIBUTIONS, type DistributionName, rowKey, TIME_ROW } from './agent-figures.ts';
import type { MetricName } from './contract.ts';
import { addHistogram, histogramSeries } from './distribution.ts';
import type { Rows } from './ledger.ts';
import { CLIENT_CLASSES, GC_KINDS, SERVER_CLASSES } from './runtime-contract.ts';
import { type MetricsText, seriesOf } from './text.ts';

/** What the exposition sees of the agent of an instance. */
export interface AgentSource {
  /** Whether it answered the newest question; null without an agent. */
  readonly up: boolean | null;
  /** Newest answer of the main process; null while there is none. */
  readonly figures: AgentFigures | null;
  readonly account: Pick<AgentAccount, 'totals' | 'hasRuntime' | 'sinceSeconds'>;
}

/** An instance with the text of its labels. */
export interface AgentRow {
  readonly labels: string;
  readonly agent: AgentSource;
  readonly totals: Rows;
}

interface Distributed {
  readonly key: string;
  readonly series: ReturnType<typeof histogramSeries>;
}

const NO_ROW: readonly number[] = [];

const BY_KIND = GC_KINDS.map((kind) => distributed('gc', { kind }));
const SERVER = byMethod('httpServer', SERVER_CLASSES);
const CLIENT = byMethod('httpClient', CLIENT_CLASSES);

function distributed(name: DistributionName, labels: Readonly<Record<string, string>>): Distributed {
  return {
    key: rowKey(name, Object.values(labels)),
    series: histogramSeries(DISTRIBUTIONS[name].buckets, labels),
  };
}

function byMethod(name: DistributionName, classes: readonly string[]) {
  return HTTP_METHODS.map((method) =>
    classes.map((status_class) => {
      const labels = { method, status_class };
      return { ...distributed(name, labels), total: seriesOf(labels) };
    }),
  );
}

/**
 * Renders whether the agents answer.
 * @param text takes its families
 * @param rows instances that have or had an agent
 * @param timeouts by app: labels and count
 */
export function agentMetrics(
  text: MetricsText,
  rows: readonly AgentRow[],
  timeouts: readonly { readonly labels: string; readonly count: number }[],
): void {
  text.family('promvisor_agent_up');
  for (const { labels, agent } of rows) if (agent.up !== null) text.add(agent.up ? 1 : 0, labels);
  text.family('promvisor_agent_timeouts_total');
  for (const { labels, count } of timeouts) text.add(count, labels);
  gauge(text, rows, 'promvisor_nodejs_heap_limit_bytes', ({ runtime }) => runtime?.heapLimitBytes);
  text.family('promvisor_nodejs_eventloop_active_seconds_total');
  for (const row of rows) text.add(timeOf(row)[2], row.labels);
  gauge(text, rows, 'promvisor_http_server_active_requests', ({ activeRequests }) => activeRequests);
  gauge(text, rows, 'promvisor_http_server_upgraded_connections', ({ upgradedConnections }) => upgradedConnections);
  httpMetrics(text, rows, SERVER, 'promvisor_http_server');
  httpMetrics(text, rows, CLIENT, 'promvisor_http_client');
}

function httpMetrics(
  text: MetricsText,
  rows: readonly AgentRow[],
  methods: typeof SERVER,
  prefix: 'promvisor_http_server' | 'promvisor_http_client',
): void {
  text.family(`${prefix}_requests_total`);
  for (const { labels, totals } of rows) {
    if (text.has(totals, labels)) continue;
    for (const classes of methods) {
      // A method that was seen has all its classes from then on, so that the first error is seen to come.
      if (!classes.some(({ key }) => totals.has(key))) continue;
      for (const { key, total } of classes) text.add(countOf(totals.get(key)), labels, total);
    }
  }
  text.family(`${prefix}_request_duration_seconds`);
  const all = methods.flat();
  for (const { labels, totals, agent } of rows) {
    if (text.has(totals, labels)) continue;
    for (const { key, series } of all) {
      const row = totals.get(key);
      if (row === undefined) continue;
      const createdSeconds = agent.account.sinceSeconds(key);
      addHistogram(text, labels, series, { sum: row[0] ?? 0, counts: row, first: 1, createdSeconds });
    }
  }
}

function countOf(row: readonly number[] | undefined): number {
  let count = 0;
  for (let at = 1; at < (row?.length ?? 0); at++) count += row?.[at] ?? 0;
  return count;
}

/**
 * Renders what prom-client tells of a process by default, for each instance.
 * @param text takes its families
 * @param rows instances that have or had an agent
 * @param own adds the daemon's own series to the family that has just begun
 */
export function runtimeMetrics(text: MetricsText, rows: readonly AgentRow[], own: (name: MetricName) => void): void {
  const times: readonly (readonly [MetricName, (time: readonly number[]) => number])[] = [
    ['process_cpu_user_seconds_total', ([user = 0]) => user],
    ['process_cpu_system_seconds_total', ([, system = 0]) => system],
    ['process_cpu_seconds_total', ([user = 0, system = 0]) => user + system],
  ];
  for (const [name, read] of times) {
    text.family(name);
    own(name);
    for (const row of rows) {
      const time = timeOf(row);
      if (time !== NO_ROW) text.add(read(time), row.labels);
    }
  }
  for (const [name, read] of GAUGES) {
    gauge(text, rows, name, ({ runtime }) => (runtime === null ? null : read(runtime)), own);
  }
  listMetrics(text, rows, own);
  text.family('nodejs_gc_duration_seconds');
  for (const { labels, totals, agent } of rows) {
    if (!agent.account.hasRuntime() || text.has(totals, labels)) continue;
    for (const { key, series } of BY_KIND) {
      const row = totals.get(key) ?? NO_ROW;
      addHistogram(text, labels, series, { sum: row[0] ?? 0, counts: row, first: 1 });
    }
  }
}

const GAUGES: readonly (readonly [MetricName, (runtime: AgentRuntime) => number | null | undefined])[] = [
  ['process_start_time_seconds', ({ startTimeSeconds }) => startTimeSeconds],
  ['process_resident_memory_bytes', ({ rssBytes }) => rssBytes],
  ['nodejs_eventloop_lag_seconds', ({ lagSeconds }) => lagSeconds],
  ['nodejs_eventloop_lag_min_seconds', ({ lag }) => lag?.minSeconds],
  ['nodejs_eventloop_lag_max_seconds', ({ lag }) => lag?.maxSeconds],
  ['nodejs_eventloop_lag_mean_seconds', ({ lag }) => lag?.meanSeconds],
  ['nodejs_eventloop_lag_stddev_seconds', ({ lag }) => lag?.stddevSeconds],
  ['nodejs_eventloop_lag_p50_seconds', ({ lag }) => lag?.p50Seconds],
  ['nodejs_eventloop_lag_p90_seconds', ({ lag }) => lag?.p90Seconds],
  ['nodejs_eventloop_lag_p99_seconds', ({ lag }) => lag?.p99Seconds],
  ['nodejs_active_handles_total', ({ handles }) => Object.values(handles).reduce((sum, count) => sum + count, 0)],
  ['nodejs_active_requests_total', ({ requests }) => requests],
  ['nodejs_heap_size_total_bytes', ({ heapTotalBytes }) => heapTotalBytes],
  ['nodejs_heap_size_used_bytes', ({ heapUsedBytes }) => heapUsedBytes],
  ['nodejs_external_memory_bytes', ({ externalBytes }) => externalBytes],
];

function listMetrics(text: MetricsText, rows: readonly AgentRow[], own: (name: MetricName) => void): void {
  const runtimes = rows.flatMap(({ labels, agent }) => {
    const runtime = agent.figures?.runtime ?? null;
    return runtime === null ? [] : [{ labels, runtime }];
  });
  text.family('nodejs_active_handles');
  for (const { labels, runtime } of runtimes) {
    if (text.has(runtime, labels)) continue;
    for (const [type, count] of Object.entries(runtime.handles)) text.add(count, labels, HANDLES.of(type));
  }
  const spaces = ['total', 'used', 'available'] as const;
  for (const [at, what] of spaces.entries()) {
    const name = `nodejs_heap_space_size_${what}_bytes` as const;
    text.family(name);
    own(name);
    for (const { labels, runtime } of runtimes) {
      if (text.has(runtime, labels)) continue;
      for (const row of runtime.heapSpaces) text.add(row[at + 1] as number, labels, SPACES.of(row[0]));
    }
  }
  text.family('nodejs_version_info');
  own('nodejs_version_info');
  for (const { labels, runtime } of runtimes) text.add(1, labels, VERSIONS.of(runtime.nodeVersion));
}

const HANDLES = createSeriesCache((type) => ({ type }));
const SPACES = createSeriesCache((space) => ({ space }));
const VERSIONS = createSeriesCache((version) => {
  const [major = '', minor = '', patch = ''] = version.replace(/^v/, '').split('.');
  return { version, major, minor, patch };
});

/** Series by a value that others choose: so many are kept, whatever they say. */
function createSeriesCache(labels: (value: string) => Readonly<Record<string, string>>) {
  const most = 256;
  const known = new Map<string, ReturnType<typeof seriesOf>>();
  return {
    of(value: string) {
      const series = known.get(value) ?? seriesOf(labels(value));
      if (known.size >= most) known.clear();
      known.set(value, series);
      return series;
    },
  };
}

function timeOf({ totals, agent }: AgentRow): readonly number[] {
  return agent.account.hasRuntime() ? (totals.get(TIME_ROW) ?? NO_ROW) : NO_ROW;
}

function gauge(
  text: MetricsText,
  rows: readonly AgentRow[],
  name: MetricName,
  read: (figures: AgentFigures) => number | null | undefined,
  own?: (name: MetricName) => void,
): void {
  text.family(name);
  own?.(name);
  for (const { labels, agent } of rows) if (agent.figures !== null) text.add(read(agent.figures), labels);
}
