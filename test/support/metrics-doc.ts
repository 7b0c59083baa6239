import { METRICS } from '../../src/metrics/contract.ts';
import type { MetricSpec } from '../../src/metrics/metric-spec.ts';
import { DAEMON_METRICS, RUNTIME_METRICS } from '../../src/metrics/runtime-contract.ts';

/** Headings of docs/metrics.md, and how the names below them begin. */
const CHAPTERS = [
  ['Apps', 'promvisor_app_'],
  ['Instances', 'promvisor_instance_'],
  ['Reloads', 'promvisor_reload'],
  ['Schedules', 'promvisor_cron_'],
  ['Output of the instances', 'promvisor_log_'],
  ['Shipping to Loki', 'promvisor_loki_'],
  ['Agents in Node.js apps', 'promvisor_agent_'],
  ['HTTP servers of the apps', 'promvisor_http_server_'],
  ['HTTP requests of the apps', 'promvisor_http_client_'],
  ['Runtime of the apps', 'promvisor_nodejs_'],
  ['Scrapes', 'promvisor_scrape_'],
  ['The control group of the daemon', 'promvisor_cgroup_'],
  ['The daemon', 'promvisor_'],
] as const;

const INTRODUCTION = `# Which metrics are there?

\`GET /metrics\` on the TCP listener (127.0.0.1:9209 unless set otherwise) answers all of them, as OpenMetrics to those who
ask for it (Prometheus does) and in the Prometheus text format to others. The metrics that an app has of its own are on pages of
their own: see [app-pages.md](app-pages.md). This page is made from \`src/metrics/contract.ts\`;
\`npx vitest run test/contract/metrics-doc.test.ts -u\` makes it again.

- \`app\` and \`namespace\` name an app, \`instance_id\` is the slot of an instance: 0 to n-1, the same over restarts (the
  app sees it as NODE_APP_INSTANCE). There is no pid in any label, so a restart makes no new series.
- Counters go on over restarts of an app and start at 0 with the daemon; \`promvisor reset\` does not touch them.
- Where a label has a closed set of values, every value has its series from the start, at 0. An HTTP method has series for all classes once it was seen.
- Figures of processes are those of the whole process tree: the process that was started and everything below it.
- A collector that fails leaves its metrics out and says so in \`promvisor_collector_success\`; the scrape goes on.
- OpenMetrics has exemplars on \`promvisor_instance_ready_duration_seconds\` (instance and generation),
  \`promvisor_reload_duration_seconds\` (result) and \`promvisor_scrape_duration_seconds\` (slowest collector, or app).

The restarts of the last hour by reason:

\`\`\`promql
sum by (app, reason) (increase(promvisor_instance_restarts_total[1h])) > 0
\`\`\`
`;

/**
 * Text of docs/metrics.md.
 * @returns markdown
 */
export function metricsDoc(): string {
  const rest = new Map<string, MetricSpec>(Object.entries(METRICS));
  const parts = [INTRODUCTION];
  for (const [title, start] of CHAPTERS) {
    const rows: string[] = [];
    for (const [name, spec] of [...rest]) {
      if (!name.startsWith(start)) continue;
      rest.delete(name);
      rows.push(row(name, spec));
    }
    parts.push(`## ${title}\n`, '| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows, '');
  }
  parts.push(
    '## Node.js and process metrics\n',
    "Under the names that [prom-client](https://github.com/siimon/prom-client) gives to its default metrics, so that dashboards for\nNode.js draw them. A series with the labels is that of an app; one without is the daemon's own, which has no event loop\nand GC metrics, as they cost an idle daemon more than everything else it does. The last four are the daemon's alone.\n",
    '| Metric | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...Object.entries({ ...RUNTIME_METRICS, ...DAEMON_METRICS }).map(([name, spec]) => row(name, spec)),
    '',
  );
  return parts.join('\n');
}

function row(name: string, { type, labels, help, values, buckets }: MetricSpec): string {
  const shown = labels.map((label) => `\`${label}\``).join(' ');
  const sets = Object.entries(values ?? {}).map(([label, set]) => `${label}: ${set.join(', ')}`);
  const bounds = buckets === undefined ? [] : [`buckets up to ${buckets.join(', ')} s`];
  const notes = [...sets, ...bounds].map((note) => ` (${note})`).join('');
  return `| \`${name}\` | ${type} | ${shown} | ${help}${notes} |`;
}
