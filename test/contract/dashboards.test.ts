import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS, textOf } from '../../grafana/src/files.ts';
import { ALL_METRICS } from '../../src/metrics/contract.ts';
import type { MetricSpec } from '../../src/metrics/metric-spec.ts';
import {
  dashboardFile,
  expectLogql,
  type PanelJson,
  panelsOf,
  readDashboards,
  type Selector,
  selectorsOf,
  targetsOf,
} from '../support/dashboards.ts';

type Known = Pick<MetricSpec, 'type' | 'labels'> & { readonly values?: MetricSpec['values'] };

/** Labels that Prometheus adds. */
const TARGET_LABELS = ['job', 'instance'];
/** What Prometheus itself says of a target. */
const OF_PROMETHEUS: Readonly<Record<string, Known>> = {
  up: { type: 'gauge', labels: [] },
  scrape_duration_seconds: { type: 'gauge', labels: [] },
};
const KNOWN: ReadonlyMap<string, Known> = new Map<string, Known>([
  ...Object.entries(ALL_METRICS),
  ...Object.entries(OF_PROMETHEUS),
]);

const FILES = readDashboards();
const PANELS = [...FILES].flatMap(([file, dashboard]) =>
  panelsOf(dashboard).map((panel) => [`${file}: ${panel.title}`, panel] as const),
);
const QUERIES = [
  ...PANELS.flatMap(([name, panel]) =>
    targetsOf(panel, 'prometheus').map(({ expr, refId }) => [`${name} ${refId}`, expr] as const),
  ),
  ...[...FILES].flatMap(([file, { annotations }]) =>
    annotations.list.flatMap(({ name, expr }) =>
      expr === undefined ? [] : [[`${file}: marks "${name}"`, expr] as const],
    ),
  ),
];
/** Series of the variables' queries: they choose by what is chosen before. */
const VARIABLES = [...FILES].flatMap(([file, { templating }]) =>
  templating.list.flatMap((variable) => {
    const query = typeof variable.query === 'object' ? variable.query.query : undefined;
    if (query === undefined) return [];
    const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
    return [[`${file}: $${variable.name}`, { series, label, own: variable.name }] as const];
  }),
);

/** The family of a series: a histogram has three names. */
function familyOf(metric: string): {
  readonly known: Known;
  readonly labels: readonly string[];
  readonly counts: boolean;
} {
  const direct = KNOWN.get(metric);
  if (direct !== undefined && direct.type !== 'histogram')
    return { known: direct, labels: [...direct.labels, ...TARGET_LABELS], counts: direct.type === 'counter' };
  const [, family = '', part = ''] = /^(.*)_(bucket|sum|count)$/.exec(metric) ?? [];
  const known = KNOWN.get(family);
  if (known?.type !== 'histogram') throw new Error(`${metric}: expected a metric of the contract`);
  const le = part === 'bucket' ? ['le'] : [];
  return { known, labels: [...known.labels, ...TARGET_LABELS, ...le], counts: true };
}

function expectKnown({ metric, matchers, groupedBy }: Selector): void {
  const { known, labels } = familyOf(metric);
  expect(labels, metric).toEqual(expect.arrayContaining([...matchers.map(({ label }) => label), ...groupedBy]));
  for (const { label, op, value } of matchers) {
    const values = known.values?.[label];
    if (values === undefined || value.includes('$') || value === '.+') continue;
    expect(values, `${metric}{${label}}`).toEqual(
      expect.arrayContaining(op.endsWith('~') ? value.split('|') : [value]),
    );
  }
}

test.each(Object.keys(DASHBOARDS))('%s is what the code makes (npm run dashboards)', (file) => {
  const make = DASHBOARDS[file];
  expect(make).toBeDefined();
  if (make !== undefined) expect(readFileSync(dashboardFile(file), 'utf8')).toBe(textOf(make()));
});

test('there is no file that the code does not make', () => {
  expect([...FILES.keys()].sort()).toEqual(Object.keys(DASHBOARDS).sort());
});

describe.each([...FILES])('%s', (_, dashboard) => {
  test('can be provisioned: fixed uid, no id, not editable, schema 42', () => {
    expect(dashboard).toMatchObject({ id: null, editable: false, schemaVersion: 42 });
    expect(dashboard.uid).toMatch(/^promvisor-[a-z]+$/);
    expect(dashboard.description).toMatch(/\.$/);
  });

  test('has its data source, job and host as variables that follow the time', () => {
    const { list } = dashboard.templating;
    expect(list.slice(0, 1)).toMatchObject([{ name: 'datasource', type: 'datasource', query: 'prometheus' }]);
    expect(list.map(({ name }) => name)).toEqual(expect.arrayContaining(['job', 'instance']));
    for (const { name, label, type, refresh, datasource } of list) {
      expect(label, name).toMatch(/^[A-Z]/);
      if (type !== 'query') continue;
      expect(refresh, name).toBe(2);
      expect(datasource?.uid, name).toMatch(/^\$\{(datasource|loki)\}$/);
    }
  });

  test('leads to every other one, with what is chosen', () => {
    const others = [...FILES.values()].filter(({ uid }) => uid !== dashboard.uid).map(({ uid }) => `/d/${uid}`);
    expect(dashboard.links.map(({ url }) => url).sort()).toEqual(others.sort());
    for (const link of dashboard.links) expect(link).toMatchObject({ includeVars: true, keepTime: true });
  });

  test('numbers its panels, and none lies on another', () => {
    const all = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
    const open = dashboard.panels;
    for (const [index, one] of open.entries()) {
      expect(one.gridPos.x + one.gridPos.w).toBeLessThanOrEqual(24);
      for (const other of open.slice(index + 1))
        expect(overlap(one, other), `${one.title}, ${other.title}`).toBe(false);
    }
  });

  test('begins with numbers, and asks for details when they are opened', () => {
    const [first, ...rest] = dashboard.panels;
    expect(first?.type).toBe('stat');
    if (dashboard.uid !== 'promvisor-runtime') expect(rest.some((panel) => (panel.panels ?? []).length > 0)).toBe(true);
  });
});

describe.each(PANELS)('%s', (_, panel) => {
  test('says what it is, in which unit, and what to think of it', () => {
    expect(panel.title).not.toBe('');
    expect(panel.description).toMatch(/^\S.*[a-zA-Z)\d]\.$/s);
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
    const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
    expect(steps[0]?.value).toBe(null);
    const values = steps.slice(1).map(({ value }) => value ?? Number.NaN);
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });

  test('asks templated data sources, and names its series', () => {
    expect(panel.targets?.length).toBeGreaterThan(0);
    expect(panel.datasource?.uid).toMatch(/^\$\{(datasource|loki)\}$/);
    for (const { datasource, legendFormat } of panel.targets ?? []) {
      expect(datasource).toEqual(panel.datasource);
      if (panel.type === 'timeseries') expect(legendFormat).toMatch(/\S/);
    }
    const ids = (panel.targets ?? []).map(({ refId }) => refId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has LogQL that can be parsed', () => {
    for (const { expr } of targetsOf(panel, 'loki')) expectLogql(expr);
  });
});

describe.each(QUERIES)('%s', (_, expr) => {
  const selectors = selectorsOf(expr);

  test('asks for metrics and labels of the contract', () => {
    expect(selectors.length).toBeGreaterThan(0);
    for (const selector of selectors) expectKnown(selector);
  });

  test('asks for what is chosen', () => {
    for (const { metric, matchers } of selectors) {
      expect(matchers, metric).toContainEqual({ label: 'job', op: '=~', value: '$job' });
      expect(matchers, metric).toContainEqual({ label: 'instance', op: '=~', value: '$instance' });
      for (const { label, value } of matchers) if (/^\$\w+$/.test(value)) expect(value).toBe(`$${label}`);
    }
  });

  test('takes rates of counters, over a time that fits the scrapes, and of nothing else', () => {
    for (const { metric, range, functions } of selectors) {
      const [innermost = ''] = functions;
      const isRate = ['rate', 'irate', 'increase'].includes(innermost);
      expect({ metric, isRate }).toEqual({ metric, isRate: familyOf(metric).counts });
      // An increase may be asked over a time of its own: the range that is looked at, or the 10 min of a crash loop.
      if (range === null) expect(innermost).not.toMatch(/rate|increase/);
      else
        expect(innermost === 'increase' ? ['$__rate_interval', '$__range', '10m'] : ['$__rate_interval']).toContain(
          range,
        );
    }
  });
});

test.each(VARIABLES)('%s asks for metrics and labels of the contract', (_, { series, label, own }) => {
  const [selector, ...none] = selectorsOf(series);
  expect(none).toEqual([]);
  if (selector === undefined) throw new Error(`${series}: expected a selector`);
  expectKnown(selector);
  expect([...familyOf(selector.metric).labels]).toContain(label);
  expect(label).toBe(own);
});

test('the provisioning files name what is there', () => {
  const read = (name: string) =>
    parse(readFileSync(new URL(`../../grafana/provisioning/${name}`, import.meta.url), 'utf8'));
  expect(read('datasources/promvisor.yaml')).toMatchObject({
    apiVersion: 1,
    datasources: [
      { type: 'prometheus', uid: 'promvisor-prometheus', editable: false },
      { type: 'loki', uid: 'promvisor-loki', editable: false },
    ],
  });
  expect(read('dashboards/promvisor.yaml')).toMatchObject({
    apiVersion: 1,
    providers: [{ type: 'file', allowUiUpdates: false, options: { path: '/etc/grafana/dashboards/promvisor' } }],
  });
});

function overlap({ gridPos: a }: PanelJson, { gridPos: b }: PanelJson): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
