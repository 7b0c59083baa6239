/** What an agent counts and measures, as it goes over the agent socket and into snapshot files. */

/** Parts of the telemetry that can be switched off for each app (`telemetry`). `app` is the app's own prom-client registry. */
export const TELEMETRY_GROUPS = ['runtime', 'http_server', 'http_client', 'app'] as const;
export type TelemetryGroup = (typeof TELEMETRY_GROUPS)[number];

/** Name of the global symbol of the set of registries that the app has handed to its agent (`promvisor/metrics`). */
export const EXPOSED_REGISTRIES = 'promvisor.registries';

/** The built-in figures of one process. */
export interface AgentTelemetry {
  /** As in AgentSnapshot. */
  readonly taken: number;
  /** Null with the group `runtime` switched off. */
  readonly runtime: AgentRuntime | null;
  readonly counters: AgentCounters;
  /** Requests that servers of the app are answering now. */
  readonly activeRequests: number;
  /** Connections that were upgraded (WebSocket) and are open. */
  readonly upgradedConnections: number;
  /** True once a registry of the app's own (prom-client) was found that has a metric: then `metrics` is worth asking. */
  readonly ownMetrics: boolean;
}

/** Gauges of the runtime, with the meaning that prom-client gives to the metrics of the same name. */
export interface AgentRuntime {
  readonly nodeVersion: string;
  /** Unix seconds. */
  readonly startTimeSeconds: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly heapLimitBytes: number;
  readonly externalBytes: number;
  /** Rows of [space without its `_space`, total, used, available], in bytes. */
  readonly heapSpaces: readonly (readonly [space: string, total: number, used: number, available: number])[];
  /** By type. */
  readonly handles: Readonly<Record<string, number>>;
  readonly requests: number;
  /** How late a callback of this very answer was run. */
  readonly lagSeconds: number;
  /** Distribution of the delays since the previous answer; null while the loop was too idle to be watched. */
  readonly lag: {
    readonly minSeconds: number;
    readonly maxSeconds: number;
    readonly meanSeconds: number;
    readonly stddevSeconds: number;
    readonly p50Seconds: number;
    readonly p90Seconds: number;
    readonly p95Seconds: number;
    readonly p99Seconds: number;
  } | null;
}

/** What only grows as long as the process lives. */
export interface AgentCounters {
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  /** Time in which the event loop was not waiting. */
  readonly loopActiveSeconds: number;
  /** [kind]: major, minor, incremental, weakcb. Since the first question for telemetry. */
  readonly gc: readonly HistogramRow[];
  /** [method, status class]: `2xx`, or `aborted` where the client left before the answer had ended. */
  readonly httpServer: readonly HistogramRow[];
  /** [method, status class]: `2xx`, or `error` where no answer came. */
  readonly httpClient: readonly HistogramRow[];
}

/** Values of the labels, then the sum of what was observed, then how many fell in each bucket (not cumulated, +Inf last). */
export type HistogramRow = readonly [labels: readonly string[], sum: number, counts: readonly number[]];

/** Upper bounds in seconds. */
export const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5] as const;
export const HTTP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** Methods beyond these are counted as `other`, so that no client can make series. */
export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;

/** One family of the app's own registry, as prom-client's getMetricsAsJSON gives it; a null value was NaN. */
export interface AppFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator?: string;
  readonly values: readonly {
    readonly value: number | null;
    readonly labels: Readonly<Record<string, string | number>>;
    /** Of one series of a histogram or summary: name_bucket, name_sum, name_count. */
    readonly metricName?: string;
  }[];
}

/**
 * What a snapshot file holds: `<taken> <bytes of the JSON>\n<JSON>`. The agent writes the two files in turn, at most a
 * few times a second and only when something was counted, and once more when the process exits; whoever reads takes the
 * newest that is whole.
 */
export interface AgentSnapshot {
  /** Grows with each answer and each snapshot of the process: the higher is the newer. */
  readonly taken: number;
  readonly counters: AgentCounters;
  /** Counters, histograms and summaries of the app's own registries. */
  readonly families: readonly AppFamily[];
}
