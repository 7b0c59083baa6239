import type { AppFamily } from '../base/agent-telemetry.ts';
import { withoutDoubles } from './families.ts';
import { metricsOf, type Registry } from './registries.ts';

type Labels = AppFamily['values'][number]['labels'];
type Value = AppFamily['values'][number];

/** A series as the packages keep it: prom-client in `hashMap`, @prometheus-io/client in `store`. */
interface Series {
  readonly labels?: Labels;
  readonly value?: unknown;
  readonly sum?: number;
  readonly count?: number;
  readonly bucketValues?: Readonly<Record<string, number>>;
}

interface MetricInside {
  readonly name?: string;
  readonly help?: string;
  readonly type?: string;
  readonly aggregator?: string;
  readonly upperBounds?: readonly number[];
  readonly hashMap?: Readonly<Record<string, Series>>;
  readonly store?: { values?(): Iterable<Series> };
}

/**
 * Reads at once what only grows in registries: their own way to it is asynchronous, and a process that exits has no time
 * for that. Nothing is collected for it.
 * @param registries of the app
 * @returns counters, histograms and summaries without their quantiles
 */
export function readFamiliesNow(registries: readonly Registry[]): readonly AppFamily[] {
  const families = registries.flatMap((registry) =>
    metricsOf(registry).flatMap((metric) => familyOf(metric as MetricInside, registry._defaultLabels ?? {}) ?? []),
  );
  return withoutDoubles(families);
}

function familyOf(metric: MetricInside, defaults: Labels): AppFamily | null {
  const { name, type, aggregator } = metric;
  if (name === undefined || (type !== 'counter' && type !== 'histogram' && type !== 'summary')) return null;
  const values = [...seriesOf(metric)].flatMap((series) => {
    const labels = { ...defaults, ...(series.labels ?? {}) };
    if (type === 'counter') return [{ value: numberOf(series.value), labels }];
    // @prometheus-io/client wraps that of summaries.
    const { sum, count, bucketValues } = isSeries(series.value) ? series.value : series;
    const buckets = bucketValues === undefined ? [] : bucketsOf(metric, { bucketValues, labels, count });
    return [
      ...buckets,
      { value: numberOf(sum), labels, metricName: `${name}_sum` },
      { value: numberOf(count), labels, metricName: `${name}_count` },
    ];
  });
  return { name, help: metric.help ?? '', type, ...(aggregator === undefined ? {} : { aggregator }), values };
}

interface Buckets {
  readonly bucketValues: Readonly<Record<string, number>>;
  readonly labels: Labels;
  readonly count: number | undefined;
}

function bucketsOf({ name, upperBounds = [] }: MetricInside, { bucketValues, labels, count }: Buckets): Value[] {
  const metricName = `${name}_bucket`;
  let sum = 0;
  const buckets = upperBounds.map((le): Value => {
    sum += bucketValues[le] ?? 0;
    return { value: sum, labels: { le, ...labels }, metricName };
  });
  return [...buckets, { value: numberOf(count), labels: { le: '+Inf', ...labels }, metricName }];
}

function seriesOf({ hashMap, store }: MetricInside): Iterable<Series> {
  return store?.values?.() ?? Object.values(hashMap ?? {});
}

function isSeries(value: unknown): value is Series {
  return typeof value === 'object' && value !== null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
