import { METRICS } from '../../src/metrics/contract.ts';
import type { MetricSpec } from '../../src/metrics/metric-spec.ts';
import { DAEMON_METRICS, RUNTIME_METRICS } from '../../src/metrics/runtime-contract.ts';

/** What may be asked of a metric. */
export interface KnownMetric {
  readonly type: string;
  readonly labels: ReadonlySet<string>;
  /** Closed sets of values, by label. */
  readonly values: Readonly<Record<string, readonly string[] | undefined>>;
}

/** Labels that Prometheus gives to every series that it scrapes. */
export const TARGET_LABELS = ['job', 'instance'] as const;

/**
 * Every series name that promvisor exposes, the ones of histograms written out, by the tables of src/metrics.
 * @returns by name
 */
export function knownMetrics(): ReadonlyMap<string, KnownMetric> {
  const known = new Map<string, KnownMetric>();
  // The daemon's own series stand in families that apps have too: those have more labels.
  for (const table of [DAEMON_METRICS, METRICS, RUNTIME_METRICS]) {
    for (const [name, spec] of Object.entries(table)) add(known, name, spec);
  }
  return known;
}

function add(
  known: Map<string, KnownMetric>,
  name: string,
  { type, labels, values = {} }: Pick<MetricSpec, 'type' | 'labels' | 'values'>,
): void {
  const metric = { type, values, labels: new Set([...TARGET_LABELS, ...labels]) };
  if (type !== 'histogram') known.set(name, metric);
  else {
    known.set(`${name}_bucket`, { ...metric, type: 'counter', labels: new Set([...metric.labels, 'le']) });
    for (const suffix of ['_sum', '_count']) known.set(`${name}${suffix}`, { ...metric, type: 'counter' });
  }
}
