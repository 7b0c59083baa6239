import { APP, INSTANCE, type MetricSpec } from './metric-spec.ts';

export const STREAMS = ['out', 'error'] as const;
export const DROP_REASONS = ['buffer_full', 'disk_error', 'retention_unshipped'] as const;
/** Log files: written to, or closed and kept. */
export const FILE_KINDS = ['live', 'rolled'] as const;

/** Metrics of what the apps write, a part of the table in contract.ts. */
export const LOG_METRICS = {
  promvisor_log_lines_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'stream'],
    help: 'Lines that an instance wrote.',
    values: { stream: STREAMS },
  },
  promvisor_log_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: [...INSTANCE, 'stream'],
    help: 'Bytes that an instance wrote.',
    values: { stream: STREAMS },
  },
  promvisor_log_dropped_lines_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'stream', 'reason'],
    help: 'Lines that did not get into the log file, or (retention_unshipped) were deleted with it before they were shipped.',
    values: { stream: STREAMS, reason: DROP_REASONS },
  },
  promvisor_log_cut_lines_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'stream'],
    help: 'Lines longer than 256 KiB, of which the end was cut off.',
    values: { stream: STREAMS },
  },
  promvisor_log_write_errors_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'stream'],
    help: 'Failed tries to open, write or roll the log file.',
    values: { stream: STREAMS },
  },
  promvisor_log_rolls_total: {
    type: 'counter',
    unit: 'count',
    labels: [...APP, 'stream'],
    help: 'Log files that were rolled: closed and kept aside, and a new one begun.',
    values: { stream: STREAMS },
  },
  promvisor_log_disk_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [...APP, 'kind'],
    help: 'Log files of an app on disk: those that are written to (live), and those that were rolled.',
    values: { kind: FILE_KINDS },
  },
} as const satisfies Readonly<Record<`promvisor_log_${string}`, MetricSpec>>;
