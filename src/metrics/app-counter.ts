import type { AppSpec } from '../core/spec.ts';
import type { MetricName } from './contract.ts';
import { appLabels, type Scene } from './scene.ts';
import { type MetricsText, seriesOf } from './text.ts';

/** A counter of what happened to apps, by one label with a closed set of values. */
export interface AppCounter<V extends string> {
  observe(spec: AppSpec, value: V): void;
  /** Renders the counter of the apps that are there; those that have gone are forgotten. */
  render(text: MetricsText, scene: Scene): void;
  /** What is to outlive the daemon, by the text of the app's labels. */
  saved(): SavedCounter;
  restore(saved: SavedCounter): void;
}

/** JSON. */
export type SavedCounter = readonly (readonly [
  labels: string,
  counts: readonly (readonly [value: string, count: number])[],
])[];

export interface AppCounterOptions<V extends string> {
  readonly metric: MetricName;
  readonly label: string;
  readonly values: readonly V[];
}

/**
 * Makes the counter of a metric.
 * @param options its name, and the label with its values
 * @returns all counts 0
 */
export function createAppCounter<V extends string>({ metric, label, values }: AppCounterOptions<V>): AppCounter<V> {
  const byApp = new Map<string, Map<V, number>>();
  const series = values.map((value) => ({ value, text: seriesOf({ [label]: value }) }));
  return {
    observe(spec, value) {
      const labels = appLabels(spec);
      const counts = byApp.get(labels) ?? new Map<V, number>();
      byApp.set(labels, counts);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    },
    saved: () => [...byApp].map(([labels, counts]) => [labels, [...counts]] as const),
    restore(saved) {
      for (const [labels, counts] of saved) {
        const known = counts.filter((entry): entry is readonly [V, number] => values.some((one) => one === entry[0]));
        byApp.set(labels, new Map(known));
      }
    },
    render(text, scene) {
      const present = new Set(scene.apps.map(({ labels }) => labels));
      for (const labels of byApp.keys()) if (!present.has(labels)) byApp.delete(labels);
      text.family(metric);
      for (const labels of present) {
        const counts = byApp.get(labels);
        for (const { value, text: more } of series) text.add(counts?.get(value) ?? 0, labels, more);
      }
    },
  };
}
