/** The same thing has the same colour on every dashboard. */
export const STATUS_COLORS = {
  online: 'green',
  launching: 'light-blue',
  stopping: 'purple',
  stopped: 'text',
  errored: 'red',
  waiting_restart: 'orange',
} as const;

export const CLASS_COLORS = {
  '1xx': 'purple',
  '2xx': 'green',
  '3xx': 'blue',
  '4xx': 'yellow',
  '5xx': 'red',
  aborted: 'orange',
  error: 'dark-red',
} as const;

/** Reasons of an end; those that are not here are asked for. */
export const REASON_COLORS = {
  requested: 'blue',
  clean: 'green',
  error_code: 'orange',
  uncaught: 'red',
  heap_oom: 'dark-red',
  kernel_oom: 'super-light-red',
  signal: 'purple',
  ready_timeout: 'yellow',
  kill_timeout: 'dark-yellow',
  memory_limit: 'semi-dark-orange',
  cron: 'light-blue',
  watch: 'light-green',
} as const;

export const STREAM_COLORS = { out: 'blue', error: 'orange' } as const;
/** Of two or three quantiles: the rarer, the warmer. */
export const QUANTILE_COLORS = { p50: 'green', p90: 'yellow', p95: 'yellow', p99: 'red' } as const;
export const MODE_COLORS = { user: 'blue', system: 'orange' } as const;
