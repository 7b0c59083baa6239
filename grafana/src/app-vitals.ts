import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { STREAM_COLORS } from './colors.ts';
import { graph } from './panels.ts';
import { APP, INSTANCES } from './query.ts';
import { LOOP_LAG, NEUTRAL, OF_LIMIT } from './thresholds.ts';

const SLOT = '#{{instance_id}} on {{instance}}';
const perSecond = (metric: string, by: string) => `sum by (${by}) (rate(${metric}{${INSTANCES}}[$__rate_interval]))`;

/** What the instances need. */
export function vitals(): Panel[] {
  return [
    graph({
      title: 'CPU',
      description: 'CPU time of the process tree of each instance. 100 % is one core; a Node.js app seldom uses more.',
      unit: 'percentunit',
      steps: NEUTRAL,
      queries: [{ expr: perSecond('promvisor_instance_cpu_seconds_total', 'instance, instance_id'), legend: SLOT }],
    }),
    graph({
      title: 'Memory and limit',
      description:
        'Resident memory of the process tree of each instance, and the size at which it is restarted (max_memory_restart).',
      unit: 'bytes',
      steps: NEUTRAL,
      limits: ['limit'],
      queries: [
        {
          expr: `sum by (instance, instance_id) (promvisor_instance_resident_memory_bytes{${INSTANCES}})`,
          legend: SLOT,
        },
        { expr: `min(promvisor_instance_memory_limit_bytes{${INSTANCES}})`, legend: 'limit' },
      ],
    }),
    graph({
      title: 'Event loop lag',
      description: 'p99 of the delay of the event loop of each instance: nothing is answered meanwhile.',
      unit: 's',
      steps: LOOP_LAG,
      queries: [
        { expr: `max by (instance, instance_id) (nodejs_eventloop_lag_p99_seconds{${INSTANCES}})`, legend: SLOT },
      ],
    }),
    graph({
      title: 'Open files of their limit',
      description:
        'Open files of the process of each instance that is nearest to its limit. At 100 % it cannot accept connections.',
      unit: 'percentunit',
      steps: OF_LIMIT,
      queries: [
        {
          expr: `max by (instance, instance_id) (promvisor_instance_open_fds{${INSTANCES}} / promvisor_instance_max_fds{${INSTANCES}})`,
          legend: SLOT,
        },
      ],
    }),
  ];
}

export function logRates(): Panel[] {
  return [
    graph({
      title: 'Log lines',
      description: 'Lines that the app wrote each second, by stream.',
      unit: 'cps',
      steps: NEUTRAL,
      as: 'areas',
      colors: STREAM_COLORS,
      queries: [{ expr: perSecond('promvisor_log_lines_total', 'stream'), legend: '{{stream}}' }],
    }),
    graph({
      title: 'Log lines lost or cut',
      description:
        'Lines that did not get into a file or were deleted before they were shipped, and lines of which the end was cut off.',
      unit: 'cps',
      steps: ['green', ['red', 0.001]],
      softMax: 1,
      queries: [
        { expr: perSecond('promvisor_log_dropped_lines_total', 'reason'), legend: 'lost: {{reason}}' },
        { expr: `sum(rate(promvisor_log_cut_lines_total{${INSTANCES}}[$__rate_interval]))`, legend: 'cut' },
      ],
    }),
  ];
}

/** What is looked at seldom. */
export function processes(): Panel[] {
  const sum = (metric: string) => `sum by (instance, instance_id) (${metric}{${INSTANCES}})`;
  return [
    graph({
      title: 'Storage',
      description: 'Bytes read from and written to storage each second.',
      unit: 'Bps',
      steps: NEUTRAL,
      queries: [
        { expr: `sum(rate(promvisor_instance_read_bytes_total{${INSTANCES}}[$__rate_interval]))`, legend: 'read' },
        { expr: `sum(rate(promvisor_instance_write_bytes_total{${INSTANCES}}[$__rate_interval]))`, legend: 'written' },
      ],
    }),
    graph({
      title: 'Context switches',
      description: 'Voluntary: the process waited. Involuntary: another one took the core, a sign of too little CPU.',
      unit: 'cps',
      steps: NEUTRAL,
      queries: [{ expr: perSecond('promvisor_instance_context_switches_total', 'kind'), legend: '{{kind}}' }],
    }),
    graph({
      title: 'Page faults',
      description: 'Major: the page had to be read from storage, a sign of too little memory. Minor ones are harmless.',
      unit: 'cps',
      steps: NEUTRAL,
      queries: [{ expr: perSecond('promvisor_instance_page_faults_total', 'kind'), legend: '{{kind}}' }],
    }),
    graph({
      title: 'Processes and threads',
      description: 'Processes and threads of all instances.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'steps',
      queries: [
        { expr: `sum(promvisor_instance_processes{${INSTANCES}})`, legend: 'processes' },
        { expr: `sum(promvisor_instance_threads{${INSTANCES}})`, legend: 'threads' },
      ],
    }),
    graph({
      title: 'Memory in swap',
      description: 'Memory of each instance that is in swap; garbage collection of it is slow.',
      unit: 'bytes',
      steps: NEUTRAL,
      softMax: 1_048_576,
      queries: [{ expr: sum('promvisor_instance_swap_memory_bytes'), legend: SLOT }],
    }),
    graph({
      title: 'Log files on disk',
      description: 'Log files that are written to (live), and those that were rolled.',
      unit: 'bytes',
      steps: NEUTRAL,
      as: 'areas',
      queries: [{ expr: `sum by (kind) (promvisor_log_disk_bytes{${APP}})`, legend: '{{kind}}' }],
    }),
  ];
}
