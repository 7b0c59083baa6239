import { DAEMON_METRICS, METRICS } from '../../src/metrics/contract.ts';
import type { MetricSpec } from '../../src/metrics/metric-spec.ts';

/** Headings of docs/metrics.md, and how the names below them begin. */
const CHAPTERS = [
  ['Apps', 'promvisor_app_'],
  ['Instances', 'promvisor_instance_'],
  ['Reloads', 'promvisor_reload'],
  ['Schedules', 'promvisor_cron_'],
  ['Output of the instances', 'promvisor_log_'],
  ['Shipping to Loki', 'promvisor_loki_'],
  ['The daemon', 'promvisor_'],
] as const;

const INTRODUCTION = `# Which metrics are there?

\`GET /metrics\` on the TCP listener (127.0.0.1:9209 unless set otherwise) answers all of them, in the Prometheus text
format. This page is made from \`src/metrics/contract.ts\`; \`npx vitest run test/contract/metrics-doc.test.ts -u\`
makes it again.

- \`app\` and \`namespace\` name an app, \`instance_id\` is the slot of an instance: 0 to n-1, the same over restarts (the
  app sees it as NODE_APP_INSTANCE). There is no pid in any label, so a restart makes no new series.
- Counters go on over restarts of an app and start at 0 with the daemon; \`promvisor reset\` does not touch them.
- Where a label has a closed set of values, every value has its series from the start, at 0.
- Figures of processes are those of the whole process tree: the process that was started and everything below it.
- A collector that fails leaves its metrics out and says so in \`promvisor_collector_success\`; the scrape goes on.

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
    '## The daemon as a process\n',
    'Named and explained by [prom-client](https://github.com/siimon/prom-client); its event loop and GC metrics are off,\nas they cost an idle daemon more than everything else it does.\n',
    ...DAEMON_METRICS.map((name) => `- \`${name}\``),
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
