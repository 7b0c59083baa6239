import { EXIT_REASONS } from '../core/exit.ts';
import { CGROUP_METRICS } from './cgroup-contract.ts';
import { LOG_METRICS } from './log-contract.ts';
import { LOKI_METRICS } from './loki-contract.ts';
import { APP, INSTANCE, type MetricSpec } from './metric-spec.ts';
import { AGENT_METRICS, DAEMON_METRICS, RUNTIME_METRICS } from './runtime-contract.ts';

/** PM2's words for the states, as label values. */
export const STATUS_LABELS = ['online', 'launching', 'stopping', 'stopped', 'errored', 'waiting_restart'] as const;

export const MODES = ['user', 'system'] as const;
export const SWITCH_KINDS = ['voluntary', 'involuntary'] as const;
export const FAULT_KINDS = ['major', 'minor'] as const;
export const RELOAD_RESULTS = ['done', 'aborted'] as const;
export type ReloadResult = (typeof RELOAD_RESULTS)[number];
/** Groups of metrics that are collected, and can fail, on their own. */
export const COLLECTORS = ['fleet', 'processes', 'logs', 'daemon', 'agents'] as const;
export type Collector = (typeof COLLECTORS)[number];

/**
 * Every metric of the product, once: exposition, docs/metrics.md, dashboards and rules are checked against this table.
 * Names: https://prometheus.io/docs/practices/naming/
 */
export const METRICS = {
  promvisor_build_info: {
    type: 'gauge',
    unit: 'info',
    labels: ['version', 'node_version'],
    help: 'Version of the daemon and of the Node.js it runs on.',
  },
  promvisor_app_info: {
    type: 'gauge',
    unit: 'info',
    labels: [...APP, 'exec_mode', 'interpreter', 'version'],
    help: 'How an app is run; version is the one of its package.',
  },
  promvisor_app_instances_desired: {
    type: 'gauge',
    unit: 'count',
    labels: APP,
    help: 'Instances that should be up: those that nobody stopped and that did not finish by their own policy.',
  },
  promvisor_app_instances_online: { type: 'gauge', unit: 'count', labels: APP, help: 'Instances that are ready.' },
  promvisor_instance_status: {
    type: 'gauge',
    unit: 'state',
    labels: [...INSTANCE, 'status'],
    help: 'State of an instance in the words of pm2 list: 1 for the present one, 0 for the others.',
    values: { status: STATUS_LABELS },
  },
  promvisor_instance_start_time_seconds: {
    type: 'gauge',
    unit: 'timestamp_seconds',
    labels: INSTANCE,
    help: 'Unix time at which the present process was started, 0 without one.',
  },
  promvisor_instance_starts_total: { type: 'counter', unit: 'count', labels: INSTANCE, help: 'Processes started.' },
  promvisor_instance_restarts_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'reason'],
    help: 'Starts that replaced an earlier process, by the reason of its end.',
    values: { reason: EXIT_REASONS },
  },
  promvisor_instance_exits_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'reason'],
    help: 'Ends of a process, by reason, also when none was started after it.',
    values: { reason: EXIT_REASONS },
  },
  promvisor_instance_last_exit_code: {
    type: 'gauge',
    unit: 'number',
    labels: INSTANCE,
    help: 'Exit code of the newest end; no series before the first end or when the process had none (signal).',
  },
  promvisor_instance_last_exit_signal: {
    type: 'gauge',
    unit: 'number',
    labels: INSTANCE,
    help: 'Signal number of the newest end, 0 when it was no signal; no series before the first end.',
  },
  promvisor_instance_last_exit_timestamp_seconds: {
    type: 'gauge',
    unit: 'timestamp_seconds',
    labels: INSTANCE,
    help: 'Unix time of the newest end; no series before the first.',
  },
  promvisor_instance_last_exit_info: {
    type: 'gauge',
    unit: 'info',
    labels: [...INSTANCE, 'reason'],
    help: 'Reason of the newest end; no series before the first.',
  },
  promvisor_instance_restart_backoff_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: INSTANCE,
    help: 'Delay before the next start while it is waited for, else 0.',
  },
  promvisor_instance_unstable_restarts: {
    type: 'gauge',
    unit: 'count',
    labels: INSTANCE,
    help: 'Ends in a row younger than min_uptime, counted towards max_restarts.',
  },
  promvisor_instance_cpu_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: [...INSTANCE, 'mode'],
    help: 'CPU time of the process trees of an instance, added up over its restarts.',
    values: { mode: MODES },
  },
  promvisor_instance_resident_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Resident memory of the process tree; pages that processes share count for each.',
  },
  promvisor_instance_proportional_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Memory of the process tree, pages that processes share counted in parts; no series unless metrics.pss is set.',
  },
  promvisor_instance_virtual_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Virtual memory of the process tree.',
  },
  promvisor_instance_swap_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Memory of the process tree that is in swap.',
  },
  promvisor_instance_memory_limit_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Resident memory above which the instance is restarted (max_memory_restart); no series without a limit.',
  },
  promvisor_instance_processes: {
    type: 'gauge',
    unit: 'count',
    labels: INSTANCE,
    help: 'Living processes of the process tree.',
  },
  promvisor_instance_open_fds: {
    type: 'gauge',
    unit: 'count',
    labels: INSTANCE,
    help: 'Open files of the process of the tree that is nearest to its limit.',
  },
  promvisor_instance_max_fds: {
    type: 'gauge',
    unit: 'count',
    labels: INSTANCE,
    help: 'Limit of open files of that process; no series when it has none.',
  },
  promvisor_instance_threads: { type: 'gauge', unit: 'count', labels: INSTANCE, help: 'Threads of the process tree.' },
  promvisor_instance_read_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Bytes that the process trees read from storage, added up over restarts; no series where it may not be read.',
  },
  promvisor_instance_write_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: INSTANCE,
    help: 'Bytes that the process trees wrote to storage, added up over restarts; no series where it may not be read.',
  },
  promvisor_instance_context_switches_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'kind'],
    help: 'Context switches of the main threads of the process trees, added up over restarts.',
    values: { kind: SWITCH_KINDS },
  },
  promvisor_instance_page_faults_total: {
    type: 'counter',
    unit: 'count',
    labels: [...INSTANCE, 'kind'],
    help: 'Page faults of the process trees, added up over restarts; major ones had to wait for storage.',
    values: { kind: FAULT_KINDS },
  },
  promvisor_instance_ready_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: APP,
    help: 'Time from the start of a process until it was ready.',
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  promvisor_reloads_total: {
    type: 'counter',
    unit: 'count',
    labels: [...APP, 'result'],
    help: 'Reloads of an app: done, or aborted because a new process failed and the old one stayed.',
    values: { result: RELOAD_RESULTS },
  },
  promvisor_reload_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: APP,
    help: 'Time that a reload of an app took, from the first new process to the end of the last old one.',
    buckets: [1, 2.5, 5, 10, 30, 60, 120, 300],
  },
  promvisor_cron_next_run_timestamp_seconds: {
    type: 'gauge',
    unit: 'timestamp_seconds',
    labels: APP,
    help: 'Unix time of the next restart by cron_restart; no series without one.',
  },
  promvisor_cron_skipped_total: {
    type: 'counter',
    unit: 'count',
    labels: APP,
    help: 'Restarts by cron_restart that were due and not begun, as an earlier restart or reload of the app was not over; no series without cron_restart.',
  },
  ...AGENT_METRICS,
  ...LOG_METRICS,
  ...LOKI_METRICS,
  ...CGROUP_METRICS,
  promvisor_children_cpu_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: ['mode'],
    help: 'CPU time of all processes that the daemon started and that have ended, as the kernel counted it.',
    values: { mode: MODES },
  },
  promvisor_journal_dropped_events_total: {
    type: 'counter',
    unit: 'count',
    labels: [],
    help: 'Events that did not get into the journal, as the disk did not take them.',
  },
  promvisor_http_listener_up: {
    type: 'gauge',
    unit: 'state',
    labels: [],
    help: '1 while the TCP listener is bound, 0 while it is not (the port is in use); no series when it is switched off.',
  },
  promvisor_collector_success: {
    type: 'gauge',
    unit: 'state',
    labels: ['collector'],
    help: '1 when the collector gave its metrics in this scrape, 0 when it failed and they are missing.',
    values: { collector: COLLECTORS },
  },
  promvisor_collector_duration_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['collector'],
    help: 'Time that the collector took in this scrape.',
    values: { collector: COLLECTORS },
  },
} as const satisfies Readonly<Record<`promvisor_${string}`, MetricSpec>>;

/** Every metric of /metrics: those of ours and those under names that prom-client has made common. */
export const ALL_METRICS = { ...METRICS, ...RUNTIME_METRICS, ...DAEMON_METRICS } as const;
export type MetricName = keyof typeof ALL_METRICS;
