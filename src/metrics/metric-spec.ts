/** `untyped`: a gauge whose name, which others have given, ends like that of a counter. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'untyped';

/** What the number counts; `info` is a constant 1 that carries labels, `state` is 1 for exactly one value of a label. */
export type MetricUnit = 'seconds' | 'bytes' | 'ratio' | 'timestamp_seconds' | 'count' | 'info' | 'state' | 'number';

export interface MetricSpec {
  readonly type: MetricType;
  readonly unit: MetricUnit;
  readonly labels: readonly string[];
  readonly help: string;
  /** Labels with a closed set of values: a series exists for every value, from the start. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
}

/** An app: its name within its namespace. */
export const APP = ['app', 'namespace'] as const;
/** An instance: instance_id is its slot 0..n-1, stable over restarts, so that no restart makes a new series. */
export const INSTANCE = [...APP, 'instance_id'] as const;
