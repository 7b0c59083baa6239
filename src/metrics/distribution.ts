import { type Exemplar, type MetricsText, type Series, seriesOf } from './text.ts';

/** The series of one histogram. */
export interface HistogramSeries {
  /** By upper bound, +Inf last. */
  readonly buckets: readonly Series[];
  readonly sum: Series;
  readonly count: Series;
  readonly created: Series;
}

/**
 * Makes the series of a histogram.
 * @param bounds upper bounds, without +Inf
 * @param labels what stands behind the labels of the instance
 */
export function histogramSeries(
  bounds: readonly number[],
  labels: Readonly<Record<string, string>> = {},
): HistogramSeries {
  return {
    buckets: [...bounds, '+Inf'].map((bound) => seriesOf({ ...labels, le: String(bound) }, '_bucket')),
    sum: seriesOf(labels, '_sum'),
    count: seriesOf(labels, '_count'),
    created: seriesOf(labels, '_created'),
  };
}

/** What was observed of one histogram, kept here so that prom-client need not be loaded before a scrape. */
export interface Distribution {
  /** Not cumulated; the last one is for everything above the highest bound. */
  readonly counts: number[];
  readonly exemplars: (Exemplar | undefined)[];
  sum: number;
  /** Unix seconds. */
  readonly createdSeconds: number;
}

export function newDistribution(bounds: readonly number[], createdSeconds: number): Distribution {
  return { counts: new Array<number>(bounds.length + 1).fill(0), exemplars: [], sum: 0, createdSeconds };
}

/** One observed value, with what it is an example of. */
export interface Observed {
  readonly value: number;
  /** Text of labels. */
  readonly labels: string;
  readonly atSeconds: number;
}

export function observeIn(distribution: Distribution, bounds: readonly number[], observed: Observed): void {
  const { value, labels, atSeconds } = observed;
  const above = bounds.findIndex((bound) => value <= bound);
  const at = above < 0 ? bounds.length : above;
  distribution.counts[at] = (distribution.counts[at] ?? 0) + 1;
  distribution.exemplars[at] = { labels, value, atSeconds };
  distribution.sum += value;
}

/**
 * Adds the series of a histogram to its family.
 * @param text the page
 * @param labels of the instance or app
 * @param series made by `histogramSeries`
 * @param data counts are not cumulated here, and are on the page
 */
export function addHistogram(
  text: MetricsText,
  labels: string,
  series: HistogramSeries,
  data: {
    readonly sum: number;
    readonly counts: readonly number[];
    /** Where the counts begin; 0 when not given. */
    readonly first?: number;
    readonly exemplars?: readonly (Exemplar | undefined)[];
    readonly createdSeconds?: number | undefined;
  },
): void {
  const first = data.first ?? 0;
  let cumulated = 0;
  for (let at = 0; at < series.buckets.length; at++) {
    cumulated += data.counts[first + at] ?? 0;
    text.add(cumulated, labels, series.buckets[at], data.exemplars?.[at]);
  }
  text.add(data.sum, labels, series.sum);
  text.add(cumulated, labels, series.count);
  text.add(data.createdSeconds, labels, series.created);
}
