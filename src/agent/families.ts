import type { AppFamily } from '../base/agent-telemetry.ts';
import { type Metric, metricsOf, type Registry } from './registries.ts';

/** The daemon waits for half a second. */
const WHOLE_MS = 250;
const EACH_MS = 100;

export interface Families {
  readonly families: readonly AppFamily[];
  /** What is missing, and why; null when nothing is. */
  readonly problem: string | null;
}

type Outcome = { readonly value: unknown } | { readonly problem: string };

/**
 * Reads registries as they would be scraped: each metric may collect. A metric that fails or hangs costs no other one.
 * @param registries of the app; of two families of one name the first is taken
 * @returns their families
 */
export async function readFamilies(registries: readonly Registry[]): Promise<Families> {
  const read = await Promise.all(registries.map(readRegistry));
  const problems = read.flatMap(({ problem }) => problem ?? []);
  return {
    families: withoutDoubles(read.flatMap(({ families }) => families)),
    problem: problems.length === 0 ? null : problems.join('; '),
  };
}

async function readRegistry(registry: Registry): Promise<Families> {
  const whole = await within(WHOLE_MS, () => registry.getMetricsAsJSON());
  if ('value' in whole && Array.isArray(whole.value)) {
    return { families: whole.value.flatMap((family) => familyOf(family) ?? []), problem: null };
  }
  const metrics = metricsOf(registry);
  if (metrics.length === 0) return { families: [], problem: 'problem' in whole ? whole.problem : 'no list of metrics' };
  const each = await Promise.all(metrics.map((metric) => readMetric(metric, registry._defaultLabels ?? {})));
  const problems = each.flatMap(({ problem }) => problem ?? []);
  return { families: each.flatMap(({ families }) => families), problem: problems.join('; ') || null };
}

async function readMetric(metric: Metric, defaults: Readonly<Record<string, string>>): Promise<Families> {
  const outcome = await within(EACH_MS, () => metric.get?.());
  if ('problem' in outcome) return { families: [], problem: `${String(metric.name)}: ${outcome.problem}` };
  const family = familyOf(outcome.value);
  if (family === null) return { families: [], problem: null };
  const values = family.values.map((value) => ({ ...value, labels: { ...defaults, ...value.labels } }));
  return { families: [{ ...family, values }], problem: null };
}

function within(timeoutMs: number, work: () => unknown): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, { problem: `collect(): expected an end within ${timeoutMs} ms` });
    timer.unref();
    const finish = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    Promise.resolve()
      .then(work)
      .then(
        (value) => finish({ value }),
        (error: unknown) => finish({ problem: error instanceof Error ? error.message : String(error) }),
      );
  });
}

/** Without what a daemon has no use for, as exemplars. */
function familyOf(json: unknown): AppFamily | null {
  const { name, help, type, aggregator, values } = (json ?? {}) as Partial<AppFamily>;
  if (name === undefined || type === undefined || !Array.isArray(values)) return null;
  return {
    name,
    help: help ?? '',
    type,
    ...(aggregator === undefined ? {} : { aggregator }),
    values: (values as AppFamily['values']).map(({ value, labels, metricName }) => ({
      value,
      labels: labels ?? {},
      ...(metricName === undefined ? {} : { metricName }),
    })),
  };
}

/**
 * Leaves one family of each name.
 * @param families in the order of their precedence
 * @returns the first of each name
 */
export function withoutDoubles(families: readonly AppFamily[]): readonly AppFamily[] {
  const byName = new Map<string, AppFamily>();
  for (const family of families) if (!byName.has(family.name)) byName.set(family.name, family);
  return [...byName.values()];
}
