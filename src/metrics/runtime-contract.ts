import { GC_BUCKETS, HTTP_BUCKETS } from '../base/agent-telemetry.ts';
import { APP, INSTANCE, type MetricSpec } from './metric-spec.ts';

export const SERVER_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'aborted'] as const;
export const CLIENT_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'error'] as const;
export const GC_KINDS = ['major', 'minor', 'incremental', 'weakcb'] as const;
/** Pages whose scrapes are measured. */
export const PAGES = ['metrics', 'apps'] as const;

/** What the agent tells of each Node.js app, under names of ours. */
export const AGENT_METRICS = {
  promvisor_agent_up: {
    type: 'gauge',
    unit: 'state',
    labels: INSTANCE,
    help: '1 when the agent in the process answered this scrape, or the process has not run since its last answer, 0 when it was mute and what is shown of it is old; no series without an agent.',
  },
  promvisor_agent_timeouts_total: {
    type: 'counter',
    unit: 'count',
    labels: APP,
    help: 'Questions of a scrape that the agents of an app did not answer in time.',
  },
  promvisor_nodejs_heap_limit_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Size of the V8 heap at which the process dies of it (--max-old-space-size).',
  },
  promvisor_nodejs_eventloop_active_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'Time in which the event loop was not waiting, added up over restarts: its rate is the utilization.',
  },
  promvisor_http_server_requests_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'method', 'status_class'],
    help: 'HTTP requests answered by the servers of the app, added up over restarts; aborted: the client left before the end.',
  },
  promvisor_http_server_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [...INSTANCE, 'method', 'status_class'],
    help: 'Time from the head of an HTTP request to the end of its answer, added up over restarts.',
    buckets: HTTP_BUCKETS,
  },
  promvisor_http_server_active_requests: {
    type: 'gauge',
    unit: 'count',
    labels: INSTANCE,
    help: 'HTTP requests that are being answered.',
  },
  promvisor_http_server_upgraded_connections: {
    type: 'gauge',
    unit: 'count',
    labels: INSTANCE,
    help: 'Open connections that were upgraded, as to WebSocket.',
  },
  promvisor_http_client_requests_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'method', 'status_class'],
    help: 'HTTP requests that the app made (node:http, node:https, fetch, undici), added up over restarts; error: no answer came.',
  },
  promvisor_http_client_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [...INSTANCE, 'method', 'status_class'],
    help: 'Time from the start of an HTTP request that the app made to the end of its answer, added up over restarts.',
    buckets: HTTP_BUCKETS,
  },
  promvisor_scrape_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['page'],
    help: 'Time in which the daemon answered scrapes.',
    values: { page: PAGES },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  },
  promvisor_scrape_size_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: ['page'],
    help: 'Size of the newest answer of the page before compression, all apps together.',
    values: { page: PAGES },
  },
  promvisor_scrape_series: {
    type: 'gauge',
    unit: 'count',
    labels: ['page'],
    help: 'Series in the newest answer of the page, all apps together.',
    values: { page: PAGES },
  },
} as const satisfies Readonly<Record<`promvisor_${string}`, MetricSpec>>;

/**
 * What the agent tells of each Node.js app under the names that prom-client gives to its default metrics, with the
 * instance's labels, so that dashboards for Node.js draw it. Counters are added up over restarts. The daemon's own
 * series of a family, without these labels, stand in the same family.
 */
export const RUNTIME_METRICS = {
  process_cpu_user_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'Total user CPU time spent in seconds.',
  },
  process_cpu_system_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'Total system CPU time spent in seconds.',
  },
  process_cpu_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'Total user and system CPU time spent in seconds.',
  },
  process_start_time_seconds: {
    type: 'gauge',
    unit: 'timestamp_seconds',
    labels: INSTANCE,
    help: 'Start time of the process since unix epoch in seconds.',
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Resident memory size in bytes.',
  },
  nodejs_eventloop_lag_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'Lag of event loop in seconds.',
  },
  nodejs_eventloop_lag_min_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'The minimum recorded event loop delay.',
  },
  nodejs_eventloop_lag_max_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'The maximum recorded event loop delay.',
  },
  nodejs_eventloop_lag_mean_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'The mean of the recorded event loop delays.',
  },
  nodejs_eventloop_lag_stddev_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'The standard deviation of the recorded event loop delays.',
  },
  nodejs_eventloop_lag_p50_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'The 50th percentile of the recorded event loop delays.',
  },
  nodejs_eventloop_lag_p90_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'The 90th percentile of the recorded event loop delays.',
  },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'The 99th percentile of the recorded event loop delays.',
  },
  nodejs_active_handles: {
    type: 'gauge',
    unit: 'count',
    labels: [...INSTANCE, 'type'],
    help: 'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
  },
  nodejs_active_handles_total: {
    type: 'untyped',
    unit: 'count',
    labels: INSTANCE,
    help: 'Total number of active handles.',
  },
  nodejs_active_requests_total: {
    type: 'untyped',
    unit: 'count',
    labels: INSTANCE,
    help: 'Total number of active requests.',
  },
  nodejs_heap_size_total_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Process heap size from Node.js in bytes.',
  },
  nodejs_heap_size_used_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Process heap size used from Node.js in bytes.',
  },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Node.js external memory size in bytes.',
  },
  nodejs_heap_space_size_total_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [...INSTANCE, 'space'],
    help: 'Process heap space size total from Node.js in bytes.',
  },
  nodejs_heap_space_size_used_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [...INSTANCE, 'space'],
    help: 'Process heap space size used from Node.js in bytes.',
  },
  nodejs_heap_space_size_available_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [...INSTANCE, 'space'],
    help: 'Process heap space size available from Node.js in bytes.',
  },
  nodejs_version_info: {
    type: 'gauge',
    unit: 'info',
    labels: [...INSTANCE, 'version', 'major', 'minor', 'patch'],
    help: 'Node.js version info.',
  },
  nodejs_gc_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [...INSTANCE, 'kind'],
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    values: { kind: GC_KINDS },
    buckets: GC_BUCKETS,
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** Metrics that only the daemon has of itself, named and explained by prom-client; it has most of RUNTIME_METRICS too. */
export const DAEMON_METRICS = {
  process_virtual_memory_bytes: { type: 'gauge', unit: 'bytes', labels: [], help: 'Virtual memory size in bytes.' },
  process_heap_bytes: { type: 'gauge', unit: 'bytes', labels: [], help: 'Process heap size in bytes.' },
  process_open_fds: { type: 'gauge', unit: 'count', labels: [], help: 'Number of open file descriptors.' },
  process_max_fds: { type: 'gauge', unit: 'count', labels: [], help: 'Maximum number of open file descriptors.' },
} as const satisfies Readonly<Record<string, MetricSpec>>;
