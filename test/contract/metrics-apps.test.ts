import { AggregatorRegistry, Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type AppAccount, createAppAccount } from '../../src/metrics/app-account.ts';
import { readFamilies } from '../../src/metrics/app-families.ts';
import { renderAppPage } from '../../src/metrics/app-page.ts';
import { formatFor, type TextFormat } from '../../src/metrics/format.ts';
import { readExposition } from '../support/prometheus-text.ts';

const NO_MAINS: ReadonlyMap<number, number> = new Map();

function account(): AppAccount {
  return createAppAccount(() => {});
}

/** Takes the answer of a process that is the first of its slot. */
function take(app: AppAccount, slot: number, families: unknown, { generation = 1, taken = 1 } = {}): void {
  const process = { instance: slot, slot, generation, startedAtMs: generation };
  // As it comes over the socket.
  app.take(process, taken, readFamilies(JSON.parse(JSON.stringify(families))));
}

function textOf(
  app: AppAccount,
  { byInstance = false, format = 'plain' as TextFormat, mains = NO_MAINS } = {},
): string {
  return Buffer.concat(renderAppPage(app.families(byInstance, mains), format).body).toString();
}

const counter = (name: string, value: number | null, labels = {}) => ({
  name,
  help: 'h',
  type: 'counter',
  values: [{ value, labels }],
});
const gauge = (name: string, value: number | null, aggregator = 'sum') => ({
  name,
  help: 'h',
  type: 'gauge',
  aggregator,
  values: [{ value, labels: {} }],
});

/** What a worker may have registered. */
async function worker(load: number) {
  const registry = new Registry();
  const registers = [registry];
  const orders = new Counter({
    name: 'orders_total',
    help: 'with "quotes" \\ and\nlines',
    labelNames: ['b', 'a'],
    registers,
  });
  orders.inc({ b: 'x\n"\\', a: 'y' }, load);
  new Counter({ name: 'plain_counter', help: 'c', registers }).inc(load);
  for (const aggregator of ['sum', 'first', 'min', 'max', 'average', 'omit'] as const) {
    new Gauge({ name: `gauge_${aggregator}`, help: 'g', aggregator, registers }).set(load);
  }
  const took = new Histogram({ name: 'took_seconds', help: 'h', labelNames: ['route'], buckets: [0.1, 1], registers });
  for (let at = 0; at < load; at++) took.observe({ route: '/a' }, at / 10);
  const sizes = new Summary({ name: 'size_bytes', help: 's', percentiles: [0.5], registers });
  sizes.observe(load);
  return registry.getMetricsAsJSON();
}

/** Series in any order. */
function sorted(text: string): string[] {
  const { series, families } = readExposition(text);
  const names = [...families].map(([name, { type, help }]) => `${name} ${type} ${help}`);
  return [
    ...names,
    ...series.map(({ name, labels, value }) => `${name} ${JSON.stringify(Object.entries(labels).sort())} ${value}`),
  ].sort();
}

describe('own metrics of an app', () => {
  it('are those that prom-client makes of its workers', async () => {
    const workers = [await worker(3), await worker(14)];
    const app = account();
    for (const [slot, families] of workers.entries()) take(app, slot, families);
    const theirs = await AggregatorRegistry.aggregate(workers).metrics();
    expect(sorted(textOf(app))).toEqual(sorted(theirs));
  });

  it('can be seen by instance, where nothing is omitted and nothing of the app is hidden', () => {
    const app = account();
    for (const slot of [0, 1]) {
      take(app, slot, [counter('a_total', slot + 1, { instance_id: 'mine' }), gauge('g', 7, 'omit')]);
    }
    const { value } = readExposition(textOf(app, { byInstance: true }));
    expect(value('a_total', { instance_id: '0', exported_instance_id: 'mine' })).toBe(1);
    expect(value('a_total', { instance_id: '1' })).toBe(2);
    expect(value('g', { instance_id: '1' })).toBe(7);
  });

  it('count gauges of the main process only while a reload has two', () => {
    const app = account();
    take(app, 0, [gauge('g', 5), counter('a_total', 10)]);
    take(app, 0, [gauge('g', 6), counter('a_total', 1)], { generation: 2 });
    const { value } = readExposition(textOf(app, { mains: new Map([[0, 1]]) }));
    expect([value('g'), value('a_total')]).toEqual([5, 11]);
    expect(readExposition(textOf(app, { mains: new Map([[0, 2]]) })).value('g')).toBe(6);
    app.retire(0, 1);
    expect(readExposition(textOf(app)).value('a_total')).toBe(11);
  });

  it('go on where a counter was reset by the app itself', () => {
    const app = account();
    take(app, 0, [counter('a_total', 10)]);
    take(app, 0, [counter('a_total', 2)], { taken: 2 });
    take(app, 0, [], { taken: 3 });
    expect(readExposition(textOf(app)).value('a_total')).toBe(12);
  });

  it('are of the type that the newest process gives them, whatever was before', () => {
    const app = account();
    take(app, 0, [counter('thing', 10)]);
    take(app, 1, [gauge('thing', 3)], { generation: 2 });
    expect(textOf(app)).toBe('# HELP thing h\n# TYPE thing gauge\nthing 3\n');
    app.retire(1, 2);
    expect(textOf(app)).toBe('# HELP thing h\n# TYPE thing counter\nthing 10\n');
  });

  it('are a page without series where there are none', () => {
    expect(textOf(account())).toMatch(/^# .*\n$/);
    expect(textOf(account(), { format: 'openmetrics' })).toBe('# EOF\n');
  });

  it('keep their names in OpenMetrics, where counters must end in _total', () => {
    const app = account();
    take(app, 0, [
      counter('a_total', 1),
      counter('plain', 2),
      counter('both_total', 3),
      gauge('both', 4),
      gauge('nan', null),
    ]);
    expect(textOf(app, { format: 'openmetrics' }).split('\n')).toEqual([
      '# HELP a h',
      '# TYPE a counter',
      'a_total 1',
      '# HELP plain h',
      '# TYPE plain unknown',
      'plain 2',
      '# HELP both_total h',
      '# TYPE both_total unknown',
      'both_total 3',
      '# HELP both h',
      '# TYPE both gauge',
      'both 4',
      '# HELP nan h',
      '# TYPE nan gauge',
      'nan NaN',
      '# EOF',
      '',
    ]);
  });

  it('are left out where they make no sense', () => {
    expect(readFamilies('x')).toEqual([]);
    const families = readFamilies([
      null,
      5,
      { name: 'bad-name', type: 'counter', values: [] },
      { name: 'a', values: 'x' },
    ]);
    expect(families).toEqual([]);
  });
});

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

it.each<[string | undefined, TextFormat]>([
  [PROMETHEUS_2, 'openmetrics'],
  [PROMETHEUS_3, 'openmetrics'],
  [undefined, 'plain'],
  ['*/*', 'plain'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'plain'],
  ['text/plain;version=0.0.4', 'plain'],
  ['application/openmetrics-text;version=2.0.0', 'plain'],
  ['application/openmetrics-text;q=0.1,text/plain', 'plain'],
])('Accept: %s gives %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});
