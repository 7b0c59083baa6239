import { STREAM_COLORS } from './colors.ts';
import { type Placed, sized } from './layout.ts';
import { graph } from './panels.ts';
import { HOSTS, quantile } from './query.ts';
import { NEUTRAL, type Steps } from './thresholds.ts';

const ON_HOST = '{{instance}}';
const LOSS: Steps = ['green', ['red', 0.001]];
const perSecond = (metric: string, by: string) => `sum by (${by}) (rate(${metric}{${HOSTS}}[$__rate_interval]))`;

/** The way of the lines from the apps into files. */
export function logFiles(): Placed[] {
  return sized(12, 7, [
    graph({
      title: 'Lines',
      description: 'Lines that the apps wrote each second, by stream.',
      unit: 'cps',
      steps: NEUTRAL,
      as: 'areas',
      colors: STREAM_COLORS,
      queries: [{ expr: perSecond('promvisor_log_lines_total', 'stream'), legend: '{{stream}}' }],
    }),
    graph({
      title: 'Bytes by app',
      description: 'Bytes that an app wrote each second, the ten loudest apps.',
      unit: 'Bps',
      steps: NEUTRAL,
      legend: 'table',
      queries: [
        {
          expr: `topk(10, ${perSecond('promvisor_log_bytes_total', 'instance, namespace, app')})`,
          legend: '{{namespace}}/{{app}} on {{instance}}',
        },
      ],
    }),
    graph({
      title: 'Files on disk',
      description: 'Log files that are written to (live), and those that were rolled.',
      unit: 'bytes',
      steps: NEUTRAL,
      as: 'areas',
      queries: [{ expr: `sum by (kind) (promvisor_log_disk_bytes{${HOSTS}})`, legend: '{{kind}}' }],
    }),
    graph({
      title: 'Lines lost',
      description: 'Lines that did not get into a file, or were deleted with it before they were shipped, by reason.',
      unit: 'cps',
      steps: LOSS,
      softMax: 1,
      queries: [{ expr: perSecond('promvisor_log_dropped_lines_total', 'reason'), legend: '{{reason}}' }],
    }),
    graph({
      title: 'Write errors and cut lines',
      description: 'Failed tries to open, write or roll a file, and lines that were too long.',
      unit: 'cps',
      steps: ['green', ['orange', 0.001]],
      softMax: 1,
      queries: [
        { expr: `sum(rate(promvisor_log_write_errors_total{${HOSTS}}[$__rate_interval]))`, legend: 'write errors' },
        { expr: `sum(rate(promvisor_log_cut_lines_total{${HOSTS}}[$__rate_interval]))`, legend: 'cut lines' },
      ],
    }),
    graph({
      title: 'Rolls',
      description: 'Log files that were rolled each minute.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'bars',
      softMax: 2,
      colors: STREAM_COLORS,
      queries: [
        {
          expr: `sum by (stream) (increase(promvisor_log_rolls_total{${HOSTS}}[$__rate_interval]))`,
          legend: '{{stream}}',
        },
      ],
    }),
  ]);
}

/** The way of the lines from the files to Loki. */
export function shipping(): Placed[] {
  return sized(12, 7, [
    graph({
      title: 'Lines taken by Loki',
      description:
        'Lines that Loki took each second: 0 in an outage, and a peak after it, when what waited on disk is sent.',
      unit: 'cps',
      steps: NEUTRAL,
      queries: [{ expr: perSecond('promvisor_loki_sent_entries_total', 'instance'), legend: ON_HOST }],
    }),
    graph({
      title: 'Age of the oldest line that waits',
      description: 'How far Loki is behind. It grows in an outage by a second a second, and falls to 0 after it.',
      unit: 's',
      steps: ['green', ['orange', 60], ['red', 300]],
      queries: [{ expr: `promvisor_loki_lag_seconds{${HOSTS}}`, legend: ON_HOST }],
    }),
    graph({
      title: 'Bytes that wait',
      description: 'Log files on disk that were not shipped yet, the ten biggest heaps.',
      unit: 'bytes',
      steps: NEUTRAL,
      legend: 'table',
      queries: [
        {
          expr: `topk(10, sum by (instance, namespace, app) (promvisor_loki_pending_bytes{${HOSTS}}))`,
          legend: '{{namespace}}/{{app}} on {{instance}}',
        },
      ],
    }),
    graph({
      title: 'Pushes to be repeated',
      description: 'Pushes that have to be tried again, by status of the answer. No line is lost by it.',
      unit: 'cps',
      steps: ['green', ['orange', 0.05]],
      softMax: 0.2,
      queries: [{ expr: perSecond('promvisor_loki_batch_retries_total', 'code'), legend: '{{code}}' }],
    }),
    graph({
      title: 'Lines that will not get to Loki',
      description: 'Lines that Loki refused, that were too old for it, or that were deleted before they were shipped.',
      unit: 'cps',
      steps: LOSS,
      softMax: 1,
      queries: [{ expr: perSecond('promvisor_loki_dropped_entries_total', 'reason'), legend: '{{reason}}' }],
    }),
    graph({
      title: 'Duration of pushes',
      description: 'Time within which 95 % of the pushes were answered, by status.',
      unit: 's',
      steps: ['green', ['orange', 1], ['red', 5]],
      queries: [
        {
          expr: quantile(0.95, `promvisor_loki_request_duration_seconds_bucket{${HOSTS}}`, ['code']),
          legend: '{{code}}',
        },
      ],
    }),
  ]);
}
