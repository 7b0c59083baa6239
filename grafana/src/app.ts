import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { client, red, requests, serverDetails, serverErrors } from './app-http.ts';
import { ends, instanceTable, reloads } from './app-lifecycle.ts';
import { logRates, processes, vitals } from './app-vitals.ts';
import { daemonMarks, dashboard, reloadMarks, restartMarks } from './dashboard.ts';
import { sized } from './layout.ts';
import { logs, stat } from './panels.ts';
import { APP, CRASHES, HOSTS, INSTANCES, quantile } from './query.ts';
import { FEW_WANTED, NEUTRAL, OF_LIMIT, OF_REQUESTS, UP } from './thresholds.ts';
import * as variables from './variables.ts';

/** One app: what it answers, how it lives, what it needs, what it says. */
export const app = () =>
  dashboard({
    uid: 'promvisor-app',
    description:
      'One app: requests, errors and duration, its instances and why they ended, what they need, and its logs.',
    variables: [
      variables.datasource(),
      variables.loki(),
      variables.job(),
      variables.instance(),
      variables.namespace(),
      variables.app(),
      variables.instanceIds(),
      variables.logHosts(),
      variables.search(),
    ],
    annotations: [restartMarks(APP), reloadMarks(APP), daemonMarks(HOSTS)],
    sections: [
      { title: null, panels: sized(3, 4, glance()) },
      { title: 'Requests', panels: sized(8, 8, red()) },
      { title: 'Vitals', panels: sized(6, 9, vitals()) },
      {
        title: 'Life of the instances',
        panels: [{ panel: instanceTable(), width: 24, height: 7 }, ...sized(8, 8, ends())],
      },
      { title: 'Logs', panels: [...sized(12, 7, logRates()), { panel: logPanel(), width: 24, height: 12 }] },
      { title: 'Reloads and starts', collapsed: true, panels: sized(8, 8, reloads()) },
      { title: 'Requests in detail', collapsed: true, panels: sized(8, 8, serverDetails()) },
      { title: 'Requests to others', collapsed: true, panels: sized(8, 8, client()) },
      { title: 'Processes', collapsed: true, panels: sized(8, 8, processes()) },
    ],
  });

function glance(): Panel[] {
  return [
    stat({
      title: 'Online',
      description: 'Instances that are ready.',
      unit: 'short',
      steps: UP,
      expr: `sum(promvisor_app_instances_online{${APP}})`,
    }),
    stat({
      title: 'Missing',
      description: 'Instances that should be online and are not.',
      unit: 'short',
      steps: FEW_WANTED,
      expr: `sum(clamp_min(promvisor_app_instances_desired{${APP}} - promvisor_app_instances_online{${APP}}, 0))`,
    }),
    stat({
      title: 'Crashes',
      description: 'Restarts within the time range that nobody asked for.',
      unit: 'short',
      decimals: 0,
      steps: ['green', ['orange', 1], ['red', 5]],
      expr: `sum(increase(promvisor_instance_restarts_total{${INSTANCES}, ${CRASHES}}[$__range]))`,
    }),
    stat({
      title: 'Youngest',
      description: 'Time since the newest process was started: short after a restart or a reload.',
      unit: 's',
      decimals: 0,
      steps: NEUTRAL,
      expr: `time() - max(promvisor_instance_start_time_seconds{${INSTANCES}} > 0)`,
    }),
    stat({
      title: 'Memory / limit',
      description: 'The instance that is nearest to max_memory_restart; at 100 % it is restarted.',
      unit: 'percentunit',
      decimals: 0,
      noValue: 'no limit',
      steps: OF_LIMIT,
      expr: `max(promvisor_instance_resident_memory_bytes{${INSTANCES}} / promvisor_instance_memory_limit_bytes{${INSTANCES}})`,
    }),
    stat({
      title: 'Requests',
      description: 'HTTP requests answered each second.',
      unit: 'reqps',
      noValue: 'none',
      steps: NEUTRAL,
      expr: requests('server'),
    }),
    stat({
      title: 'Errors',
      description: 'Part of the requests that was answered with 5xx.',
      unit: 'percentunit',
      decimals: 2,
      noValue: 'none',
      steps: OF_REQUESTS,
      expr: serverErrors,
    }),
    stat({
      title: 'Duration, p95',
      description: 'Time within which 95 % of the requests were answered.',
      unit: 's',
      noValue: 'none',
      steps: ['green', ['orange', 0.5], ['red', 2]],
      expr: quantile(0.95, `promvisor_http_server_request_duration_seconds_bucket{${INSTANCES}}`),
    }),
  ];
}

function logPanel(): Panel {
  return logs({
    title: 'Log',
    description:
      'The newest lines of the app that were shipped to Loki, on the hosts of "Log host" and with what "Search logs" asks for.',
    expr: '{app=~"$app", namespace=~"$namespace", host=~"$host", stream=~".+"} |~ `(?i)$search`',
  });
}
