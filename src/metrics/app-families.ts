import { escapeText } from './format.ts';
import type { Rows } from './ledger.ts';

/** One family of an app's own registry, as one of its processes told it, checked. */
export interface AppFamily {
  readonly name: string;
  readonly help: string;
  readonly type: AppType;
  /** How gauges of several processes become one; counters and histograms are always added up, unless omitted. */
  readonly aggregator: Aggregator;
  /** Of a histogram: its upper bounds. A family of another layout is another one. */
  readonly bounds: readonly string[];
  /** What only grows, by the text of the labels: [value], or [count, sum, cumulated buckets]. */
  readonly rows: Rows;
  /** The rest, by the text of the labels. */
  readonly gauges: ReadonlyMap<string, number>;
}

export type AppType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
export const AGGREGATORS = ['sum', 'first', 'min', 'max', 'average', 'omit'] as const;
export type Aggregator = (typeof AGGREGATORS)[number];

const TYPES: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] satisfies AppType[];
/** https://prometheus.io/docs/concepts/data_model/ */
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const MOST_FAMILIES = 5_000;

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName: string | null;
}

/**
 * Reads the families of an answer or a snapshot.
 * @param value as prom-client's getMetricsAsJSON gave it in the app
 * @returns those that make sense, each name once
 */
export function readFamilies(value: unknown): readonly AppFamily[] {
  if (!Array.isArray(value)) return [];
  const families = new Map<string, AppFamily>();
  for (const entry of value.slice(0, MOST_FAMILIES) as unknown[]) {
    const family = readFamily(entry);
    if (family !== null) families.set(family.name, family);
  }
  return [...families.values()];
}

function readFamily(entry: unknown): AppFamily | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const { name, help, type, aggregator, values } = entry as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !METRIC_NAME.test(name) || !Array.isArray(values)) return null;
  const known = AGGREGATORS.find((candidate) => candidate === aggregator) ?? 'sum';
  const head = {
    name,
    help: typeof help === 'string' ? help : '',
    type: TYPES.includes(String(type)) ? (type as AppType) : 'untyped',
    aggregator: known,
  };
  const good = values.flatMap(readValue);
  if (head.type === 'histogram') return { ...head, ...readHistogram(good), gauges: new Map() };
  if (head.type === 'summary') return { ...head, bounds: [], ...readSummary(good, name) };
  const plain = new Map(good.map(({ value, labels }) => [labelsKey(labels), value]));
  // A counter that is not added up is no counter over all processes.
  if (head.type !== 'counter' || (known !== 'sum' && known !== 'omit')) {
    return { ...head, type: head.type === 'counter' ? 'gauge' : head.type, bounds: [], rows: new Map(), gauges: plain };
  }
  const rows = new Map([...plain].filter(([, count]) => count >= 0).map(([key, count]) => [key, [count]]));
  return { ...head, bounds: [], rows, gauges: new Map() };
}

function readValue(entry: unknown): Value[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const { value, labels, metricName } = entry as Readonly<Record<string, unknown>>;
  if (value !== null && typeof value !== 'number') return [];
  const pairs = typeof labels === 'object' && labels !== null ? (labels as Value['labels']) : {};
  return [
    {
      // JSON has no NaN.
      value: value ?? Number.NaN,
      labels: pairs,
      metricName: typeof metricName === 'string' ? metricName : null,
    },
  ];
}

/** Names in order, so that processes that give them in another one mean the same. */
function labelsKey(labels: Value['labels'], without?: string): string {
  const names = Object.keys(labels).filter((name) => name !== without && LABEL_NAME.test(name));
  if (names.length > 1) names.sort();
  return names.map((name) => `${name}="${escapeText(String(labels[name]))}"`).join(',');
}

function readHistogram(values: readonly Value[]): Pick<AppFamily, 'bounds' | 'rows'> {
  const parts = new Map<string, { count: number; sum: number; buckets: Map<string, number> }>();
  for (const { value, labels, metricName } of values) {
    const key = labelsKey(labels, 'le');
    const part = parts.get(key) ?? { count: 0, sum: 0, buckets: new Map<string, number>() };
    parts.set(key, part);
    if (metricName?.endsWith('_sum')) part.sum = value;
    else if (metricName?.endsWith('_count')) part.count = value;
    else if (labels['le'] !== undefined) part.buckets.set(String(labels['le']), value);
  }
  const [first] = parts.values();
  const bounds = [...(first?.buckets.keys() ?? [])].sort((a, b) => boundOf(a) - boundOf(b));
  const rows = new Map<string, readonly number[]>();
  for (const [key, { count, sum, buckets }] of parts) {
    const row = [count, sum, ...bounds.map((bound) => buckets.get(bound) ?? Number.NaN)];
    if (buckets.size === bounds.length && !row.some(Number.isNaN)) rows.set(key, row);
  }
  return { bounds, rows };
}

function boundOf(le: string): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}

function readSummary(values: readonly Value[], name: string): Pick<AppFamily, 'rows' | 'gauges'> {
  const rows = new Map<string, [number, number]>();
  const gauges = new Map<string, number>();
  for (const { value, labels, metricName } of values) {
    if (metricName === null || metricName === name) {
      gauges.set(labelsKey(labels), value);
      continue;
    }
    const key = labelsKey(labels);
    const row = rows.get(key) ?? [0, 0];
    rows.set(key, row);
    row[metricName.endsWith('_count') ? 0 : 1] = value;
  }
  return { rows, gauges };
}
