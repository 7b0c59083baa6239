import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { MODE_COLORS, QUANTILE_COLORS } from './colors.ts';
import { daemonMarks, dashboard } from './dashboard.ts';
import { sized } from './layout.ts';
import { graph, stat } from './panels.ts';
import { HOSTS, quantile } from './query.ts';
import { logFiles, shipping } from './supervisor-logs.ts';
import { FEW_WANTED, NEUTRAL, NONE_WANTED, OF_LIMIT, type Steps, UP } from './thresholds.ts';
import { datasource, instance, job } from './variables.ts';

const ON_HOST = '{{instance}}';
/** The daemon's own series of the families that its apps share: those have the label app. */
const OWN = `${HOSTS}, app=""`;
/** Of one of two cores a scrape every 15 s should take no more than a trace. */
const SCRAPE_SECONDS: Steps = ['green', ['orange', 0.5], ['red', 2]];
const LAG_SECONDS: Steps = ['green', ['orange', 60], ['red', 300]];
const perSecond = (metric: string, by: string) => `sum by (${by}) (rate(${metric}{${HOSTS}}[$__rate_interval]))`;

/** The daemons themselves: their health, what a scrape costs, and the way of the logs into files and to Loki. */
export const supervisor = () =>
  dashboard({
    uid: 'promvisor-supervisor',
    description:
      'The promvisor daemons themselves: health, cost of scrapes, log files, shipping to Loki, control group.',
    variables: [datasource(), job(), instance()],
    annotations: [daemonMarks(HOSTS)],
    sections: [
      { title: null, panels: sized(3, 4, glance()) },
      { title: 'Daemon', panels: sized(12, 7, daemon()) },
      { title: 'Scrapes', panels: sized(8, 8, scrapes()) },
      { title: 'Log files', panels: logFiles() },
      { title: 'Shipping to Loki', panels: shipping() },
      { title: 'Control group', collapsed: true, panels: sized(8, 8, group()) },
    ],
  });

function glance(): Panel[] {
  return [
    stat({
      title: 'Hosts up',
      description: 'Daemons that Prometheus scrapes with success.',
      unit: 'short',
      steps: UP,
      expr: `sum(up{${HOSTS}})`,
    }),
    stat({
      title: 'Version',
      description: 'Version of the daemons; of several, the one that most hosts run.',
      unit: 'short',
      steps: NEUTRAL,
      named: '{{version}}',
      expr: `topk(1, count by (version) (promvisor_build_info{${HOSTS}}))`,
    }),
    stat({
      title: 'Daemon age',
      description: 'Time since the youngest daemon was started; apps live on while it is not there.',
      unit: 's',
      decimals: 0,
      steps: NEUTRAL,
      expr: `time() - max(process_start_time_seconds{${OWN}})`,
    }),
    stat({
      title: 'Scrape time',
      description:
        'Time that Prometheus waited for the slowest daemon; it gives up after scrape_timeout, 10 s unless set otherwise.',
      unit: 's',
      steps: SCRAPE_SECONDS,
      expr: `max(scrape_duration_seconds{${HOSTS}})`,
    }),
    stat({
      title: 'Bad collectors',
      description: 'Groups of metrics that a daemon could not collect; they are missing from the scrape.',
      unit: 'short',
      steps: NONE_WANTED,
      expr: `count(promvisor_collector_success{${HOSTS}} == 0) or vector(0)`,
    }),
    stat({
      title: 'Mute agents',
      description: 'Node.js processes that did not answer the scrape in time; figures of theirs are old.',
      unit: 'short',
      steps: FEW_WANTED,
      expr: `count(promvisor_agent_up{${HOSTS}} == 0) or vector(0)`,
    }),
    stat({
      title: 'Log lines lost',
      description: 'Lines that did not get into a file or not to Loki, within the time range.',
      unit: 'short',
      decimals: 0,
      steps: NONE_WANTED,
      expr: `sum(increase(promvisor_log_dropped_lines_total{${HOSTS}}[$__range])) + (sum(increase(promvisor_loki_dropped_entries_total{${HOSTS}}[$__range])) or vector(0))`,
    }),
    stat({
      title: 'Loki lag',
      description: 'Age of the oldest line that was not shipped yet.',
      unit: 's',
      decimals: 0,
      noValue: 'not shipped',
      steps: LAG_SECONDS,
      expr: `max(promvisor_loki_lag_seconds{${HOSTS}})`,
    }),
  ];
}

function daemon(): Panel[] {
  return [
    graph({
      title: 'CPU',
      description: 'CPU time of the daemon. 100 % is one core; an idle fleet needs next to nothing.',
      unit: 'percentunit',
      steps: ['green', ['orange', 0.25], ['red', 0.75]],
      legend: 'table',
      queries: [{ expr: `rate(process_cpu_seconds_total{${OWN}}[$__rate_interval])`, legend: ON_HOST }],
    }),
    graph({
      title: 'Memory',
      description: 'Resident memory of the daemon, and the used part of its heap.',
      unit: 'bytes',
      steps: NEUTRAL,
      legend: 'table',
      queries: [
        { expr: `process_resident_memory_bytes{${OWN}}`, legend: `${ON_HOST} resident` },
        { expr: `nodejs_heap_size_used_bytes{${OWN}}`, legend: `${ON_HOST} heap` },
      ],
    }),
    graph({
      title: 'Open files of their limit',
      description: 'Two pipes an instance, and connections. At 100 % the daemon can start nothing.',
      unit: 'percentunit',
      steps: OF_LIMIT,
      legend: 'table',
      queries: [{ expr: `process_open_fds{${HOSTS}} / process_max_fds{${HOSTS}}`, legend: ON_HOST }],
    }),
    graph({
      title: 'Listener',
      description: '1 while the address of /metrics is bound. Without it there is no scrape, so a gap is bad news too.',
      unit: 'short',
      decimals: 0,
      max: 1,
      plain: true,
      steps: UP,
      as: 'steps',
      legend: 'table',
      queries: [{ expr: `promvisor_http_listener_up{${HOSTS}}`, legend: ON_HOST }],
    }),
    graph({
      title: 'CPU of ended children',
      description:
        'CPU time of processes that have ended, counted when they end: peaks are the ends of long-lived ones.',
      unit: 'percentunit',
      steps: NEUTRAL,
      as: 'areas',
      colors: MODE_COLORS,
      queries: [{ expr: perSecond('promvisor_children_cpu_seconds_total', 'mode'), legend: '{{mode}}' }],
    }),
    graph({
      title: 'Instances online',
      description: 'Instances that are ready on each host: what the daemon has to look after.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'steps',
      legend: 'table',
      queries: [{ expr: `sum by (instance) (promvisor_app_instances_online{${HOSTS}})`, legend: ON_HOST }],
    }),
  ];
}

function scrapes(): Panel[] {
  return [
    graph({
      title: 'Duration of scrapes',
      description:
        'Time that the daemons took to answer: the p50 and p95 of all of them, and the worst as Prometheus saw it.',
      unit: 's',
      steps: SCRAPE_SECONDS,
      colors: QUANTILE_COLORS,
      queries: [
        { expr: quantile(0.5, `promvisor_scrape_duration_seconds_bucket{${HOSTS}}`), legend: 'p50' },
        { expr: quantile(0.95, `promvisor_scrape_duration_seconds_bucket{${HOSTS}}`), legend: 'p95' },
        { expr: `max(scrape_duration_seconds{${HOSTS}})`, legend: 'slowest, seen by Prometheus' },
      ],
    }),
    graph({
      title: 'Duration of collectors',
      description: 'What the time of a scrape goes into, in the slowest daemon.',
      unit: 's',
      steps: SCRAPE_SECONDS,
      queries: [
        {
          expr: `max by (collector) (promvisor_collector_duration_seconds{${HOSTS}})`,
          legend: '{{collector}}',
        },
      ],
    }),
    graph({
      title: 'Series',
      description: 'Series of a scrape: about a hundred for each instance of a Node.js app.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      queries: [{ expr: `sum by (instance, page) (promvisor_scrape_series{${HOSTS}})`, legend: `${ON_HOST} {{page}}` }],
    }),
    graph({
      title: 'Size of scrapes',
      description: 'Size of the answers before compression.',
      unit: 'bytes',
      steps: NEUTRAL,
      queries: [
        { expr: `sum by (instance, page) (promvisor_scrape_size_bytes{${HOSTS}})`, legend: `${ON_HOST} {{page}}` },
      ],
    }),
    graph({
      title: 'Agents that answer',
      description: 'Part of the Node.js processes whose agent answered the scrape in time.',
      unit: 'percentunit',
      max: 1,
      plain: true,
      steps: ['red', ['orange', 0.9], ['green', 1]],
      queries: [{ expr: `avg by (instance) (promvisor_agent_up{${HOSTS}})`, legend: ON_HOST }],
    }),
    graph({
      title: 'Questions without an answer',
      description:
        'Questions that the agents of an app did not answer in time: its event loop was busy, or it was stopped.',
      unit: 'cps',
      steps: ['green', ['orange', 0.01]],
      softMax: 0.1,
      queries: [
        {
          expr: perSecond('promvisor_agent_timeouts_total', 'instance'),
          legend: ON_HOST,
        },
      ],
    }),
  ];
}

function group(): Panel[] {
  return [
    graph({
      title: 'Memory of the control group',
      description:
        'Memory of the cgroup that the daemon is in (the apps too, when it is a systemd unit), and its limit.',
      unit: 'bytes',
      steps: NEUTRAL,
      limits: ['limit'],
      queries: [
        { expr: `promvisor_cgroup_memory_bytes{${HOSTS}}`, legend: ON_HOST },
        { expr: `min(promvisor_cgroup_memory_limit_bytes{${HOSTS}})`, legend: 'limit' },
      ],
    }),
    graph({
      title: 'Pressure',
      description:
        'Part of the time in which something in the cgroup waited for a resource (some), or all of it did (full).',
      unit: 'percentunit',
      steps: ['green', ['orange', 0.2], ['red', 0.5]],
      queries: [
        {
          expr: `max by (resource, kind) (rate(promvisor_cgroup_pressure_seconds_total{${HOSTS}}[$__rate_interval]))`,
          legend: '{{resource}}, {{kind}}',
        },
      ],
    }),
    graph({
      title: 'Kills by the kernel',
      description: 'Processes that the kernel killed a minute because the cgroup had no memory left.',
      unit: 'short',
      decimals: 0,
      steps: NONE_WANTED,
      as: 'bars',
      softMax: 2,
      queries: [{ expr: `increase(promvisor_cgroup_oom_kills_total{${HOSTS}}[$__rate_interval])`, legend: ON_HOST }],
    }),
  ];
}
