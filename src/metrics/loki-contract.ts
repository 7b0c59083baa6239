import { APP, type MetricSpec } from './metric-spec.ts';

/** Why lines did not get to Loki. */
export const LOKI_DROP_REASONS = [
  'rejected_400',
  'rejected_4xx',
  'line_too_long',
  'rejected_500',
  'too_old',
  'retention',
] as const;
/** Answers after which a push is tried again. */
export const LOKI_RETRY_CODES = ['408', '429', '500', '502', '503', '504', 'timeout', 'network', 'other'] as const;

/** Metrics of the shipping to Loki, a part of the table in contract.ts; there are no series while nothing is shipped. */
export const LOKI_METRICS = {
  promvisor_loki_sent_entries_total: { type: 'counter', unit: 'count', labels: [], help: 'Lines that Loki has taken.' },
  promvisor_loki_sent_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: [],
    help: 'Bytes of the lines that Loki has taken.',
  },
  promvisor_loki_batches_total: { type: 'counter', unit: 'count', labels: [], help: 'Pushes that Loki has taken.' },
  promvisor_loki_batch_retries_total: {
    type: 'counter',
    unit: 'count',
    labels: ['code'],
    help: 'Pushes that have to be tried again, by status of the answer, or timeout, or network.',
    values: { code: LOKI_RETRY_CODES },
  },
  promvisor_loki_dropped_entries_total: {
    type: 'counter',
    unit: 'count',
    labels: ['reason'],
    help: 'Lines that will not get to Loki: refused by it, too old for it, or deleted before they were shipped (retention).',
    values: { reason: LOKI_DROP_REASONS },
  },
  promvisor_loki_dropped_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['reason'],
    help: 'Bytes of the lines that will not get to Loki.',
    values: { reason: LOKI_DROP_REASONS },
  },
  promvisor_loki_pending_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [...APP, 'stream'],
    help: 'Log files on disk that are not shipped yet; a compressed file counts as it lies there.',
  },
  promvisor_loki_lag_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Age of the oldest line that is not shipped yet, 0 when there is none.',
  },
  promvisor_loki_last_success_timestamp_seconds: {
    type: 'gauge',
    unit: 'timestamp_seconds',
    labels: [],
    help: 'Unix time of the newest push that Loki has taken, 0 before the first.',
  },
  promvisor_loki_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['code'],
    help: 'Time that pushes took, by status of the answer, or timeout, or network.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
} as const satisfies Readonly<Record<`promvisor_loki_${string}`, MetricSpec>>;
