import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { MODE_COLORS } from './colors.ts';
import { daemonMarks, dashboard, reloadMarks, restartMarks } from './dashboard.ts';
import { sized } from './layout.ts';
import { graph, stat } from './panels.ts';
import { APP, HOSTS, INSTANCES, quantile } from './query.ts';
import { LOOP_LAG, NEUTRAL, OF_LIMIT, OF_THREAD, type Steps } from './thresholds.ts';
import { app, datasource, instance, instanceIds, job, namespace } from './variables.ts';

const SLOT = '#{{instance_id}} on {{instance}}';
const OF_TIME: Steps = ['green', ['orange', 0.05], ['red', 0.15]];
const utilization = `rate(promvisor_nodejs_eventloop_active_seconds_total{${INSTANCES}}[$__rate_interval])`;
const gcShare = `sum by (instance, instance_id) (rate(nodejs_gc_duration_seconds_sum{${INSTANCES}}[$__rate_interval]))`;
const heapOfLimit = `nodejs_heap_size_used_bytes{${INSTANCES}} / promvisor_nodejs_heap_limit_bytes{${INSTANCES}}`;

/** Inside of the Node.js processes of an app: event loop, heap, garbage collection, handles. */
export const runtime = () =>
  dashboard({
    uid: 'promvisor-runtime',
    description:
      'Inside of the Node.js processes of an app: event loop, heap and its spaces, garbage collection, handles.',
    variables: [datasource(), job(), instance(), namespace(), app(), instanceIds()],
    annotations: [restartMarks(APP), reloadMarks(APP), daemonMarks(HOSTS)],
    sections: [
      { title: null, panels: sized(3, 4, glance()) },
      { title: 'Event loop', panels: sized(8, 8, eventLoop()) },
      { title: 'Heap', panels: sized(8, 8, heap()) },
      { title: 'Garbage collection', panels: sized(8, 8, garbage()) },
      { title: 'Handles and CPU', panels: sized(8, 8, handles()) },
    ],
  });

function glance(): Panel[] {
  return [
    stat({
      title: 'Node.js',
      description: 'Version that the instances run on; of several, the one that most of them do.',
      unit: 'short',
      steps: NEUTRAL,
      named: '{{version}}',
      expr: `topk(1, count by (version) (nodejs_version_info{${INSTANCES}}))`,
    }),
    stat({
      title: 'Loop lag, p99',
      description: 'p99 of the delay of the event loop in the worst instance.',
      unit: 's',
      noValue: 'idle',
      steps: LOOP_LAG,
      expr: `max(nodejs_eventloop_lag_p99_seconds{${INSTANCES}})`,
    }),
    stat({
      title: 'Loop utilization',
      description: 'Part of the time in which the event loop of the busiest instance was not waiting.',
      unit: 'percentunit',
      decimals: 1,
      steps: OF_THREAD,
      expr: `max(${utilization})`,
    }),
    stat({
      title: 'Heap of its limit',
      description: 'Used heap of the worst instance, of the size at which V8 gives up (--max-old-space-size).',
      unit: 'percentunit',
      decimals: 1,
      steps: OF_LIMIT,
      expr: `max(${heapOfLimit})`,
    }),
    stat({
      title: 'Time in GC',
      description: 'Part of the time that the worst instance spent collecting garbage.',
      unit: 'percentunit',
      decimals: 2,
      steps: OF_TIME,
      expr: `max(${gcShare})`,
    }),
    stat({
      title: 'Handles',
      description: 'Open sockets, timers and the like of all instances. A number that only grows is a leak.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      expr: `sum(nodejs_active_handles_total{${INSTANCES}})`,
    }),
    stat({
      title: 'CPU',
      description: 'CPU time of the Node.js processes, all instances together. 100 % is one core.',
      unit: 'percentunit',
      decimals: 1,
      steps: NEUTRAL,
      expr: `sum(rate(process_cpu_seconds_total{${INSTANCES}}[$__rate_interval]))`,
    }),
    stat({
      title: 'Agents',
      description: 'Part of the instances whose agent answered the newest scrape.',
      unit: 'percentunit',
      decimals: 0,
      steps: ['red', ['orange', 0.5], ['green', 1]],
      expr: `avg(promvisor_agent_up{${INSTANCES}})`,
    }),
  ];
}

function eventLoop(): Panel[] {
  return [
    graph({
      title: 'Lag, p99 by instance',
      description:
        'p99 of the delays of the event loop between two scrapes. No line while a loop is too idle to be watched.',
      unit: 's',
      steps: LOOP_LAG,
      queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${INSTANCES}}`, legend: SLOT }],
    }),
    graph({
      title: 'Lag, distribution',
      description: 'Delays of the event loop in the worst instance: middle, p90, p99 and the longest.',
      unit: 's',
      steps: LOOP_LAG,
      colors: { p50: 'green', p90: 'yellow', p99: 'orange', max: 'red' },
      queries: [
        { expr: `max(nodejs_eventloop_lag_p50_seconds{${INSTANCES}})`, legend: 'p50' },
        { expr: `max(nodejs_eventloop_lag_p90_seconds{${INSTANCES}})`, legend: 'p90' },
        { expr: `max(nodejs_eventloop_lag_p99_seconds{${INSTANCES}})`, legend: 'p99' },
        { expr: `max(nodejs_eventloop_lag_max_seconds{${INSTANCES}})`, legend: 'max' },
      ],
    }),
    graph({
      title: 'Utilization',
      description: 'Part of the time in which the event loop was not waiting. Near 100 % the instance can do no more.',
      unit: 'percentunit',
      max: 1,
      steps: OF_THREAD,
      queries: [{ expr: utilization, legend: SLOT }],
    }),
  ];
}

function heap(): Panel[] {
  return [
    graph({
      title: 'Heap used',
      description: 'Used heap of each instance. A saw is right; teeth whose feet rise are a leak.',
      unit: 'bytes',
      steps: NEUTRAL,
      queries: [{ expr: `nodejs_heap_size_used_bytes{${INSTANCES}}`, legend: SLOT }],
    }),
    graph({
      title: 'Heap of its limit',
      description: 'Used heap, of the size at which V8 gives up and the process dies (heap_oom).',
      unit: 'percentunit',
      steps: OF_LIMIT,
      queries: [{ expr: heapOfLimit, legend: SLOT }],
    }),
    graph({
      title: 'Memory by kind',
      description: 'Memory of all instances: resident, heap that V8 took and uses, and buffers outside of it.',
      unit: 'bytes',
      steps: NEUTRAL,
      queries: [
        { expr: `sum(process_resident_memory_bytes{${INSTANCES}})`, legend: 'resident' },
        { expr: `sum(nodejs_heap_size_total_bytes{${INSTANCES}})`, legend: 'heap, taken' },
        { expr: `sum(nodejs_heap_size_used_bytes{${INSTANCES}})`, legend: 'heap, used' },
        { expr: `sum(nodejs_external_memory_bytes{${INSTANCES}})`, legend: 'external' },
      ],
    }),
    graph({
      title: 'Heap by space',
      description:
        'Used part of each space of the heap, all instances together: what lives long is in old and large_object.',
      unit: 'bytes',
      steps: NEUTRAL,
      as: 'areas',
      queries: [{ expr: `sum by (space) (nodejs_heap_space_size_used_bytes{${INSTANCES}}) > 0`, legend: '{{space}}' }],
    }),
    graph({
      title: 'Resident memory',
      description: 'Resident memory of the Node.js process of each instance, without its children.',
      unit: 'bytes',
      steps: NEUTRAL,
      queries: [{ expr: `process_resident_memory_bytes{${INSTANCES}}`, legend: SLOT }],
    }),
    graph({
      title: 'External memory',
      description: 'Buffers and other memory outside of the heap that V8 knows of, by instance.',
      unit: 'bytes',
      steps: NEUTRAL,
      queries: [{ expr: `nodejs_external_memory_bytes{${INSTANCES}}`, legend: SLOT }],
    }),
  ];
}

function garbage(): Panel[] {
  return [
    graph({
      title: 'Time in GC by instance',
      description: 'Part of the time spent collecting garbage.',
      unit: 'percentunit',
      steps: OF_TIME,
      queries: [{ expr: gcShare, legend: SLOT }],
    }),
    graph({
      title: 'Collections by kind',
      description:
        'Garbage collections each second: minor ones are cheap, major and incremental ones are work on the old space.',
      unit: 'cps',
      steps: NEUTRAL,
      queries: [
        {
          expr: `sum by (kind) (rate(nodejs_gc_duration_seconds_count{${INSTANCES}}[$__rate_interval]))`,
          legend: '{{kind}}',
        },
      ],
    }),
    graph({
      title: 'Pauses, p99 by kind',
      description: 'p99 of the length of a collection, as far as the buckets tell: 1 ms, 10 ms, 100 ms, 1 s.',
      unit: 's',
      steps: LOOP_LAG,
      queries: [
        { expr: quantile(0.99, `nodejs_gc_duration_seconds_bucket{${INSTANCES}}`, ['kind']), legend: '{{kind}}' },
      ],
    }),
  ];
}

function handles(): Panel[] {
  return [
    graph({
      title: 'Handles by type',
      description: 'Open handles of all instances, by the class of libuv or Node.js.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'areas',
      queries: [{ expr: `sum by (type) (nodejs_active_handles{${INSTANCES}})`, legend: '{{type}}' }],
    }),
    graph({
      title: 'Handles by instance',
      description: 'Open handles of each instance. A line that only rises is a leak.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      queries: [{ expr: `nodejs_active_handles_total{${INSTANCES}}`, legend: SLOT }],
    }),
    graph({
      title: 'CPU by mode',
      description: 'CPU time of the Node.js processes, all instances together. 100 % is one core.',
      unit: 'percentunit',
      steps: NEUTRAL,
      as: 'areas',
      colors: MODE_COLORS,
      queries: [
        { expr: `sum(rate(process_cpu_user_seconds_total{${INSTANCES}}[$__rate_interval]))`, legend: 'user' },
        { expr: `sum(rate(process_cpu_system_seconds_total{${INSTANCES}}[$__rate_interval]))`, legend: 'system' },
      ],
    }),
  ];
}
