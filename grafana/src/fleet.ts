import { CLASS_COLORS, REASON_COLORS, STATUS_COLORS } from './colors.ts';
import { daemonMarks, dashboard } from './dashboard.ts';
import { type Placed, sized } from './layout.ts';
import { graph, stat } from './panels.ts';
import { PROBLEMS, SEVERITIES } from './problems.ts';
import { CRASHES, events, HOSTS, NAMESPACES, quantile, ratioOf } from './query.ts';
import { type Column, table } from './table.ts';
import { FEW_WANTED, LOOP_LAG, NEUTRAL, NONE_WANTED, OF_LIMIT, OF_REQUESTS } from './thresholds.ts';
import { datasource, instance, job, namespaces } from './variables.ts';

const BY_APP = 'by (instance, namespace, app)';
const APP_NAME = '{{namespace}}/{{app}} on {{instance}}';
const topTen = (expr: string) => ({ expr: `topk(10, ${expr})`, legend: APP_NAME });
const requests = (more = '') =>
  `sum ${BY_APP} (rate(promvisor_http_server_requests_total{${NAMESPACES}${more}}[$__rate_interval]))`;
const cpu = `sum ${BY_APP} (rate(promvisor_instance_cpu_seconds_total{${NAMESPACES}}[$__rate_interval]))`;
const memory = `sum ${BY_APP} (promvisor_instance_resident_memory_bytes{${NAMESPACES}})`;
const ofLimit = `max ${BY_APP} (promvisor_instance_resident_memory_bytes{${NAMESPACES}} / promvisor_instance_memory_limit_bytes{${NAMESPACES}})`;
const errors = ratioOf(requests(', status_class="5xx"'), requests());

/** All hosts and apps at a glance: what is wrong first, then how it came, then each app. */
export const fleet = () =>
  dashboard({
    uid: 'promvisor-fleet',
    description: 'All hosts and apps under promvisor: what is wrong first, then trends, then a row for each app.',
    variables: [datasource(), job(), instance(), namespaces()],
    annotations: [daemonMarks(HOSTS)],
    sections: [
      { title: null, panels: sized(3, 4, glance()) },
      { title: 'What is wrong', panels: sized(24, 9, [wrongNow()]) },
      { title: 'Trends', panels: [...sized(12, 8, health()), ...sized(12, 8, vitals())] },
      { title: 'Apps', panels: [{ panel: apps(), width: 24, height: 12 }] },
      { title: 'Traffic', collapsed: true, panels: traffic() },
    ],
  });

function glance() {
  return [
    stat({
      title: 'Hosts silent',
      description: 'Daemons that Prometheus cannot scrape: what happens on these hosts is unknown.',
      unit: 'short',
      steps: NONE_WANTED,
      expr: `count(up{${HOSTS}} == 0) or vector(0)`,
    }),
    stat({
      title: 'Apps down',
      description: 'Apps that should run and of which no instance is online.',
      unit: 'short',
      steps: NONE_WANTED,
      expr: `count((promvisor_app_instances_desired{${NAMESPACES}} > 0) and (promvisor_app_instances_online{${NAMESPACES}} == 0)) or vector(0)`,
    }),
    stat({
      title: 'Errored',
      description:
        'Instances that promvisor gave up on after too many failed starts; they stay down until someone starts them.',
      unit: 'short',
      steps: NONE_WANTED,
      expr: `sum(promvisor_instance_status{${NAMESPACES}, status="errored"})`,
    }),
    stat({
      title: 'Crash looping',
      description: 'Instances that were restarted more than three times in ten minutes because they had died.',
      unit: 'short',
      steps: NONE_WANTED,
      expr: `count(round(sum by (instance, namespace, app, instance_id) (increase(promvisor_instance_restarts_total{${NAMESPACES}, ${CRASHES}}[10m]))) > 3) or vector(0)`,
    }),
    stat({
      title: 'Missing',
      description: 'Instances that should be online and are not: dead, waiting for a restart, or not ready yet.',
      unit: 'short',
      steps: FEW_WANTED,
      expr: `sum(clamp_min(promvisor_app_instances_desired{${NAMESPACES}} - promvisor_app_instances_online{${NAMESPACES}}, 0))`,
    }),
    stat({
      title: 'Crashes',
      description:
        'Restarts within the time range that nobody asked for: errors, signals, out of memory, limits, timeouts.',
      unit: 'short',
      decimals: 0,
      steps: ['green', ['orange', 1], ['red', 10]],
      expr: `sum(increase(promvisor_instance_restarts_total{${NAMESPACES}, ${CRASHES}}[$__range]))`,
    }),
    stat({
      title: 'Online',
      description: 'Instances that are ready, over all hosts.',
      unit: 'short',
      steps: NEUTRAL,
      expr: `sum(promvisor_app_instances_online{${NAMESPACES}})`,
    }),
    stat({
      title: 'Apps',
      description: 'Apps that promvisor knows, over all hosts.',
      unit: 'short',
      steps: NEUTRAL,
      expr: `count(promvisor_app_info{${NAMESPACES}})`,
    }),
  ];
}

function wrongNow() {
  return table({
    title: 'Wrong now',
    description:
      'Everything that is beyond its limit at this moment, with the limits of the alerts but without their waiting times. An empty table is what you want.',
    sortBy: { column: 'Severity', descending: false },
    noValue: 'Nothing is wrong.',
    columns: [
      { name: 'Severity', label: 'severity', words: SEVERITIES, width: 110 },
      { name: 'Host', label: 'instance' },
      { name: 'Namespace', label: 'namespace', width: 130 },
      { name: 'App', label: 'app', link: toApp() },
      { name: 'Instance', label: 'instance_id', width: 90 },
      { name: 'Problem', label: 'problem', width: 320 },
      { name: 'How much', expr: PROBLEMS, unit: 'short', decimals: 0, width: 110 },
    ],
  });
}

function health() {
  return [
    graph({
      title: 'Instances by status',
      description: 'How many instances are in each state, in the words of pm2 list.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'areas',
      colors: STATUS_COLORS,
      queries: [{ expr: `sum by (status) (promvisor_instance_status{${NAMESPACES}}) > 0`, legend: '{{status}}' }],
    }),
    graph({
      title: 'Restarts by reason',
      description: 'Restarts a minute by the reason of the end before; requested, cron and watch are harmless.',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      as: 'bars',
      colors: REASON_COLORS,
      queries: [
        {
          expr: events(`promvisor_instance_restarts_total{${NAMESPACES}}`, 'reason'),
          legend: '{{reason}}',
        },
      ],
    }),
    graph({
      title: 'Memory near its limit',
      description:
        'The instance of each app that is nearest to max_memory_restart, the ten nearest apps. At 100 % it is restarted.',
      unit: 'percentunit',
      steps: OF_LIMIT,
      legend: 'table',
      queries: [topTen(ofLimit)],
    }),
  ];
}

function vitals() {
  return [
    graph({
      title: 'CPU by app',
      description: 'CPU time of all processes of an app, the ten busiest apps. 100 % is one core.',
      unit: 'percentunit',
      steps: NEUTRAL,
      legend: 'table',
      queries: [topTen(cpu)],
    }),
    graph({
      title: 'Memory by app',
      description:
        'Resident memory of all processes of an app, the ten biggest apps. Shared pages count for each process.',
      unit: 'bytes',
      steps: NEUTRAL,
      legend: 'table',
      queries: [topTen(memory)],
    }),
    graph({
      title: 'Event loop lag by app',
      description: 'p99 of the delay of the event loop in the worst instance of each app, the ten worst apps.',
      unit: 's',
      steps: LOOP_LAG,
      legend: 'table',
      queries: [topTen(`max ${BY_APP} (nodejs_eventloop_lag_p99_seconds{${NAMESPACES}})`)],
    }),
  ];
}

function traffic(): Placed[] {
  return sized(12, 8, [
    graph({
      title: 'Requests by status',
      description: 'HTTP requests that the servers of all apps answered; aborted: the client left before the end.',
      unit: 'reqps',
      steps: NEUTRAL,
      as: 'areas',
      colors: CLASS_COLORS,
      queries: [
        {
          expr: `sum by (status_class) (rate(promvisor_http_server_requests_total{${NAMESPACES}}[$__rate_interval]))`,
          legend: '{{status_class}}',
        },
      ],
    }),
    graph({
      title: 'Requests by app',
      description: 'HTTP requests answered, the ten busiest apps.',
      unit: 'reqps',
      steps: NEUTRAL,
      legend: 'table',
      queries: [topTen(requests())],
    }),
    graph({
      title: 'Errors by app',
      description: 'Part of the requests that was answered with 5xx, the ten worst apps.',
      unit: 'percentunit',
      steps: OF_REQUESTS,
      legend: 'table',
      queries: [topTen(`(${errors})`)],
    }),
  ]);
}

function apps() {
  const value = (name: string, expr: string, look: Partial<Column>): Column => ({ name, expr, ...look });
  return table({
    title: 'Apps',
    description:
      'Each app of each host now; crashes are those of the time range. A name opens the dashboard of the app.',
    sortBy: { column: 'Crashes', descending: true },
    noValue: 'No app is known.',
    columns: [
      { name: 'Host', label: 'instance' },
      { name: 'Namespace', label: 'namespace', width: 110 },
      { name: 'App', label: 'app', link: toApp() },
      value('Online', `sum ${BY_APP} (promvisor_app_instances_online{${NAMESPACES}})`, { unit: 'short', width: 75 }),
      value('Desired', `sum ${BY_APP} (promvisor_app_instances_desired{${NAMESPACES}})`, { unit: 'short', width: 80 }),
      value(
        'Crashes',
        `sum ${BY_APP} (increase(promvisor_instance_restarts_total{${NAMESPACES}, ${CRASHES}}[$__range]))`,
        { unit: 'short', decimals: 0, steps: ['transparent', ['orange', 1], ['red', 5]], as: 'cell', width: 85 },
      ),
      value('CPU', cpu, { unit: 'percentunit', decimals: 1, width: 85 }),
      value('Memory', memory, { unit: 'bytes', decimals: 1, width: 100 }),
      value('Of limit', ofLimit, { unit: 'percentunit', decimals: 0, steps: OF_LIMIT, as: 'bar', width: 150 }),
      value('Requests', requests(), { unit: 'reqps', decimals: 1, width: 105 }),
      value('5xx', errors, {
        unit: 'percentunit',
        decimals: 1,
        steps: ['transparent', ['orange', 0.01], ['red', 0.05]],
        as: 'cell',
        width: 75,
      }),
      value(
        'p95',
        quantile(0.95, `promvisor_http_server_request_duration_seconds_bucket{${NAMESPACES}}`, [
          'instance',
          'namespace',
          'app',
        ]),
        { unit: 's', decimals: 1, width: 90 },
      ),
    ],
  });
}

function toApp() {
  const values = ['var-instance=${__data.fields.Host}', 'var-namespace=${__data.fields.Namespace}'];
  const url = `/d/promvisor-app?\${__url_time_range}&\${datasource:queryparam}&\${job:queryparam}&${values.join('&')}&var-app=\${__data.fields.App}`;
  return { title: 'Open the app', url };
}
