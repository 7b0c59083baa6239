import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { REASON_COLORS, STATUS_COLORS } from './colors.ts';
import { graph } from './panels.ts';
import { APP, CRASHES, events, INSTANCES, quantile } from './query.ts';
import { table } from './table.ts';
import { NEUTRAL } from './thresholds.ts';

const BY_SLOT = 'by (instance, instance_id)';

/** Each instance of the app: how it is, and how it ended last. */
export function instanceTable(): Panel {
  return table({
    title: 'Instances',
    description:
      'Each instance now: its state, how old its process is, and how the one before ended. Unstable restarts count towards max_restarts.',
    sortBy: { column: 'Instance', descending: false },
    noValue: 'The app has no instance.',
    columns: [
      { name: 'Host', label: 'instance' },
      { name: 'Instance', label: 'instance_id', width: 85 },
      {
        name: 'Status',
        label: 'status',
        expr: `max by (instance, instance_id, status) (promvisor_instance_status{${INSTANCES}}) == 1`,
        words: STATUS_COLORS,
        width: 130,
      },
      {
        name: 'Uptime',
        expr: `time() - (max ${BY_SLOT} (promvisor_instance_start_time_seconds{${INSTANCES}}) > 0)`,
        unit: 's',
        decimals: 1,
        width: 100,
      },
      {
        name: 'Crashes',
        expr: `sum ${BY_SLOT} (increase(promvisor_instance_restarts_total{${INSTANCES}, ${CRASHES}}[$__range]))`,
        unit: 'short',
        decimals: 0,
        steps: ['transparent', ['orange', 1], ['red', 5]],
        as: 'cell',
        width: 85,
      },
      {
        name: 'Unstable',
        expr: `max ${BY_SLOT} (promvisor_instance_unstable_restarts{${INSTANCES}})`,
        unit: 'short',
        steps: ['transparent', ['orange', 1], ['red', 10]],
        as: 'cell',
        width: 85,
      },
      {
        name: 'Last end',
        label: 'reason',
        expr: `max by (instance, instance_id, reason) (promvisor_instance_last_exit_info{${INSTANCES}}) == 1`,
        words: REASON_COLORS,
        width: 130,
      },
      {
        name: 'Code',
        expr: `max ${BY_SLOT} (promvisor_instance_last_exit_code{${INSTANCES}})`,
        unit: 'none',
        width: 65,
      },
      {
        name: 'Signal',
        expr: `max ${BY_SLOT} (promvisor_instance_last_exit_signal{${INSTANCES}}) > 0`,
        unit: 'none',
        width: 70,
      },
      {
        name: 'Ended',
        expr: `1000 * max ${BY_SLOT} (promvisor_instance_last_exit_timestamp_seconds{${INSTANCES}})`,
        unit: 'dateTimeFromNow',
        width: 150,
      },
      {
        name: 'Back-off',
        expr: `max ${BY_SLOT} (promvisor_instance_restart_backoff_seconds{${INSTANCES}})`,
        unit: 's',
        decimals: 1,
        width: 90,
      },
    ],
  });
}

/** Ends and starts of processes. */
export function ends(): Panel[] {
  const perReason = (metric: string) => ({
    expr: events(`${metric}{${INSTANCES}}`, 'reason'),
    legend: '{{reason}}',
  });
  return [
    graph({
      title: 'Instances',
      description:
        'Instances that should be online, and those that are: a gap between the lines is a loss of capacity.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'steps',
      colors: { desired: 'blue', online: 'green' },
      queries: [
        { expr: `sum(promvisor_app_instances_desired{${APP}})`, legend: 'desired' },
        { expr: `sum(promvisor_app_instances_online{${APP}})`, legend: 'online' },
      ],
    }),
    graph({
      title: 'Restarts by reason',
      description: 'Restarts a minute, by the reason of the end before.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'bars',
      colors: REASON_COLORS,
      queries: [perReason('promvisor_instance_restarts_total')],
    }),
    graph({
      title: 'Ends by reason',
      description: 'Ends of processes a minute, also those after which none was started.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'bars',
      colors: REASON_COLORS,
      queries: [perReason('promvisor_instance_exits_total')],
    }),
  ];
}

export function reloads(): Panel[] {
  const durations = (metric: string) => [
    { expr: quantile(0.5, `${metric}_bucket{${APP}}`), legend: 'p50' },
    { expr: quantile(0.95, `${metric}_bucket{${APP}}`), legend: 'p95' },
  ];
  return [
    graph({
      title: 'Reloads',
      description: 'Reloads a minute: done, or aborted because a new process failed and the old one stayed.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'bars',
      colors: { done: 'green', aborted: 'red' },
      queries: [
        {
          expr: events(`promvisor_reloads_total{${APP}}`, 'result'),
          legend: '{{result}}',
        },
      ],
    }),
    graph({
      title: 'Duration of reloads',
      description: 'Time from the first new process to the end of the last old one, of the reloads of the moment.',
      unit: 's',
      steps: NEUTRAL,
      as: 'points',
      queries: durations('promvisor_reload_duration_seconds'),
    }),
    graph({
      title: 'Time until ready',
      description: 'Time from the start of a process until it was ready, of the starts of the moment.',
      unit: 's',
      steps: NEUTRAL,
      as: 'points',
      queries: durations('promvisor_instance_ready_duration_seconds'),
    }),
  ];
}
