import { CRASHES, HOSTS, NAMESPACES, ratioOf } from './query.ts';

type Severity = 'critical' | 'warning';

/** Colours of the severities, for the table. */
export const SEVERITIES: Readonly<Record<Severity, string>> = { critical: 'red', warning: 'orange' };

const BY_APP = 'by (instance, namespace, app)';
const BY_INSTANCE = 'by (instance, namespace, app, instance_id)';
const requests = (more = '') =>
  `sum ${BY_APP} (rate(promvisor_http_server_requests_total{${NAMESPACES}${more}}[$__rate_interval]))`;

/**
 * What is wrong now, in one query: a series is a problem, its labels say where and what, its value how much.
 * The limits are those of the alerts, without their waiting times.
 */
export const PROBLEMS = [
  problem('critical', 'host does not answer', `(up{${HOSTS}} == 0) + 1`),
  problem(
    'critical',
    'app is down: instances missing',
    `sum ${BY_APP} (promvisor_app_instances_desired{${NAMESPACES}}) > 0 and sum ${BY_APP} (promvisor_app_instances_online{${NAMESPACES}}) == 0`,
  ),
  problem(
    'warning',
    'instances missing',
    `sum ${BY_APP} (promvisor_app_instances_desired{${NAMESPACES}} - promvisor_app_instances_online{${NAMESPACES}}) > 0 and sum ${BY_APP} (promvisor_app_instances_online{${NAMESPACES}}) > 0`,
  ),
  problem(
    'critical',
    'errored: gave up after failed starts',
    `sum ${BY_INSTANCE} (promvisor_instance_status{${NAMESPACES}, status="errored"}) > 0`,
  ),
  problem(
    'critical',
    'crash looping: restarts in 10 min',
    `round(sum ${BY_INSTANCE} (increase(promvisor_instance_restarts_total{${NAMESPACES}, ${CRASHES}}[10m]))) > 3`,
  ),
  problem(
    'warning',
    'memory near its limit, %',
    `100 * max ${BY_INSTANCE} (promvisor_instance_resident_memory_bytes{${NAMESPACES}} / promvisor_instance_memory_limit_bytes{${NAMESPACES}}) > 90`,
  ),
  problem(
    'warning',
    'open files near their limit, %',
    `100 * max ${BY_INSTANCE} (promvisor_instance_open_fds{${NAMESPACES}} / promvisor_instance_max_fds{${NAMESPACES}}) > 80`,
  ),
  problem(
    'warning',
    'requests answered with 5xx, %',
    `100 * (${ratioOf(requests(', status_class="5xx"'), requests())}) > 5`,
  ),
  problem(
    'warning',
    'event loop late (p99), ms',
    `1000 * max ${BY_INSTANCE} (nodejs_eventloop_lag_p99_seconds{${NAMESPACES}}) > 500`,
  ),
  problem('warning', 'agent does not answer', `(promvisor_agent_up{${NAMESPACES}} == 0) + 1`),
  problem(
    'warning',
    'log lines dropped in 10 min',
    `sum ${BY_APP} (increase(promvisor_log_dropped_lines_total{${NAMESPACES}}[10m])) > 0`,
  ),
  problem(
    'warning',
    'scheduled restarts skipped in 10 min',
    `sum ${BY_APP} (increase(promvisor_cron_skipped_total{${NAMESPACES}}[10m])) > 0`,
  ),
  problem('warning', 'logs wait for Loki, seconds', `max by (instance) (promvisor_loki_lag_seconds{${HOSTS}}) > 300`),
  problem('warning', 'collector fails', `(promvisor_collector_success{${HOSTS}} == 0) + 1`),
].join('\nor\n');

function problem(severity: Severity, text: string, expr: string): string {
  return `label_replace(label_replace(${expr}, "problem", "${text}", "", ""), "severity", "${severity}", "", "")`;
}
