import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EXIT_REASONS } from '../../src/core/exit.ts';
import { PROGRAM } from '../support/cli.ts';
import { type KnownMetric, knownMetrics, TARGET_LABELS } from '../support/known-metrics.ts';
import { needsPrograms } from '../support/programs.ts';
import { readQuery, type Selector } from '../support/promql.ts';
import { PROMETHEUS_FOLDER, ruleTests, shippedRules, yamlFiles } from '../support/rules.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUNBOOKS = path.join(ROOT, 'docs/runbooks');
/** A metric of Prometheus itself. */
const UP: KnownMetric = { type: 'gauge', labels: new Set<string>(TARGET_LABELS), values: {} };

const { alerts, records } = shippedRules();
const metrics = knownMetrics();
const recorded = new Set(records.map(({ record }) => record));
const queries = [...alerts, ...records].map((rule) => ({
  name: 'alert' in rule ? rule.alert : rule.record,
  ...readQuery(rule.expr),
}));

function promtool(...argv: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', argv, { encoding: 'utf8', cwd: ROOT });
  return { status, output: stdout + stderr };
}

/** What is wrong with a selector, by the tables of src/metrics. */
function mistakes({ metric, matchers }: Selector): string[] {
  if (recorded.has(metric)) return [];
  const known = metric === 'up' ? UP : metrics.get(metric);
  if (known === undefined) return [`no metric ${metric}`];
  return matchers.flatMap(({ label, operator, value }) => {
    // A metric that apps and the daemon have is told apart by a label that the daemon's has not.
    if (!known.labels.has(label)) return [`${metric} has no label ${label}`];
    const closed = known.values[label];
    if (closed === undefined) return [];
    const words = operator.includes('~') ? value.split('|') : [value];
    return words.filter((word) => !closed.includes(word)).map((word) => `${metric}: ${label} is never "${word}"`);
  });
}

describe('promtool', () => {
  test('finds the rules right', (context) => {
    needsPrograms(context, 'promtool');
    const { status, output } = promtool('check', 'rules', '--lint=all', '--lint-fatal', ...yamlFiles('rules'));
    expect({ status, output }).toMatchObject({ status: 0 });
  });

  test('finds the configuration right, which loads them all', (context) => {
    needsPrograms(context, 'promtool');
    const { status, output } = promtool('check', 'config', path.join(PROMETHEUS_FOLDER, 'prometheus.yml'));
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain(`${yamlFiles('rules').length} rule files found`);
  });

  test('finds that alerts fire when they should, and only then', (context) => {
    needsPrograms(context, 'promtool');
    const { status, output } = promtool('test', 'rules', ...yamlFiles('tests'));
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output.match(/SUCCESS/g)).toHaveLength(yamlFiles('tests').length);
  }, 120_000);
});

test('amtool finds the example of Alertmanager right', (context) => {
  needsPrograms(context, 'amtool');
  const file = path.join(PROMETHEUS_FOLDER, 'alertmanager.yml');
  const { status, stderr } = spawnSync('amtool', ['check-config', file], { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
});

describe('the rules', () => {
  test('ask only for what is exposed: metrics, labels, and values of closed sets', () => {
    const wrong = queries.flatMap(({ name, selectors }) =>
      selectors.flatMap(mistakes).map((what) => `${name}: ${what}`),
    );
    expect(wrong).toEqual([]);
  });

  test('group by labels that there are', () => {
    const labels = new Set([...metrics.values()].flatMap((metric) => [...metric.labels]));
    const wrong = queries.flatMap(({ name, groupingLabels }) =>
      groupingLabels.filter((label) => !labels.has(label)).map((label) => `${name}: no label ${label}`),
    );
    expect(wrong).toEqual([]);
  });

  test('take a counter only by how it grows', () => {
    const bare = [...alerts, ...records].flatMap(({ expr }) =>
      readQuery(expr)
        .selectors.filter(({ metric }) => metrics.get(metric)?.type === 'counter')
        .filter(({ metric }) => !new RegExp(`(?:rate|increase)\\(\\s*${metric}\\b`).test(expr))
        .map(({ metric }) => metric),
    );
    expect(bare).toEqual([]);
  });

  test('count every end as a crash that nobody asked for and that is no exit with 0', () => {
    const asked = ['requested', 'clean', 'kill_timeout', 'memory_limit', 'cron', 'watch'];
    const crashes = EXIT_REASONS.filter((reason) => !asked.includes(reason));
    const patterns = queries
      .flatMap(({ selectors }) => selectors.flatMap(({ matchers }) => matchers))
      .filter(({ label, value }) => label === 'reason' && value.includes('error_code'))
      .map(({ value }) => value.split('|').sort());
    expect(patterns.length).toBeGreaterThan(2);
    for (const pattern of patterns) expect(pattern).toEqual([...crashes].sort());
  });

  test('are recorded under level:metric:operations, and none is recorded twice', () => {
    for (const { record } of records) expect(record).toMatch(/^(?:app|instance_id):promvisor_[a-z0-9_]+:[a-z0-9_]+$/);
    expect(recorded.size).toBe(records.length);
  });
});

describe('each alert', () => {
  test('has a name, a severity, a sentence, a description and a runbook', () => {
    const repository = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).repository.url as string;
    const pages = `${repository.replace(/^git\+|\.git$/g, '')}/blob/main/docs/runbooks`;
    for (const { alert, labels, annotations } of alerts) {
      expect(alert).toMatch(/^Promvisor(?:[A-Z][a-z]+)+$/);
      expect(Object.keys(labels)).toEqual(['severity']);
      expect(['critical', 'warning', 'info']).toContain(labels['severity']);
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url']);
      expect(annotations['summary']).toMatch(/^[^{}]+\.$/);
      expect(annotations['runbook_url']).toBe(`${pages}/${alert}.md`);
    }
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  test('says where it is, of what is exposed', () => {
    const labels = new Set([...metrics.values()].flatMap((metric) => [...metric.labels]));
    for (const { alert, annotations } of alerts) {
      const description = annotations['description'] ?? '';
      const used = [...description.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      expect(used.filter((label) => !labels.has(label))).toEqual([]);
      // The absence of every host is nowhere.
      if (alert !== 'PromvisorAbsent') expect(used, alert).toContain('instance');
      expect(used.includes('app'), alert).toBe(used.includes('namespace'));
    }
  });

  test('has a unit test in which it fires, and one in which it does not', () => {
    const checks = ruleTests().flatMap((one) => one.alert_rule_test ?? []);
    const names = (fires: boolean) =>
      new Set(checks.filter((check) => check.exp_alerts.length > 0 === fires).map(({ alertname }) => alertname));
    const all = alerts.map(({ alert }) => alert).sort();
    expect([...names(true)].sort()).toEqual(all);
    expect([...names(false)].sort()).toEqual(all);
  });

  test('has a runbook of its own, and no runbook is left over', () => {
    const pages = readdirSync(RUNBOOKS).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(alerts.map(({ alert }) => `${alert}.md`).sort());
  });
});

test('each recorded rule has a unit test', () => {
  const tested = ruleTests().flatMap((one) => one.promql_expr_test ?? []);
  const missing = [...recorded].filter((record) => !tested.some(({ expr }) => expr.includes(record)));
  expect(missing).toEqual([]);
});

describe('a runbook', () => {
  const pages = alerts.map(({ alert }) => ({ alert, file: path.join(RUNBOOKS, `${alert}.md`) }));
  const texts = pages
    .filter(({ file }) => existsSync(file))
    .map(({ alert, file }) => ({ alert, text: readFileSync(file, 'utf8') }));

  test('says what it means, what suffers, how to look and what to do', () => {
    for (const { alert, text } of texts) {
      expect(text).toMatch(new RegExp(`^# ${alert}\n`));
      const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
      expect(headings, alert).toEqual(['Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
    }
  });

  test('names only commands that there are', () => {
    const { stdout } = spawnSync(process.execPath, [PROGRAM, '--help'], { encoding: 'utf8' });
    const commands = [...stdout.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
    const named = texts.flatMap(({ text }) => [
      ...text.matchAll(/(?:^|`|\()promvisor (?:--json )?([a-z][A-Za-z]+)\b/gm),
    ]);
    expect(named.length).toBeGreaterThan(texts.length);
    const unknown = named.filter(([, name = '']) => !commands.includes(name)).map(([words]) => words);
    expect(unknown).toEqual([]);
  });

  test('asks only for what is exposed', () => {
    const wrong = texts.flatMap(({ alert, text }) =>
      [...text.matchAll(/```promql\n([\s\S]*?)```/g)]
        .flatMap(([, block = '']) => block.trim().split('\n'))
        .flatMap((query) => readQuery(query).selectors.flatMap(mistakes))
        .map((what) => `${alert}: ${what}`),
    );
    expect(wrong).toEqual([]);
  });
});

test('compose.yml is prometheus.yml with the addresses that containers use', () => {
  const read = (name: string) =>
    readFileSync(new URL(`../../prometheus/${name}`, import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => !line.startsWith('#'));
  const expected = read('prometheus.yml').map((line) =>
    line.replace('127.0.0.1:9093', 'alertmanager:9093').replace('127.0.0.1:9209', 'host.docker.internal:9209'),
  );
  expect(read('compose.yml')).toEqual(expected);
});
