import type { AppSpec } from '../core/spec.ts';
import { METRICS } from './contract.ts';
import { addHistogram, type Distribution, histogramSeries, newDistribution, observeIn } from './distribution.ts';
import { labelsText } from './format.ts';
import { appLabels, type Scene } from './scene.ts';
import type { MetricsText } from './text.ts';

const MS_PER_SECOND = 1000;

/** The histograms of the contract that have series for each app. */
type AppHistogramName = 'promvisor_instance_ready_duration_seconds' | 'promvisor_reload_duration_seconds';

/** How long something took, by app. */
export interface AppHistogram {
  /**
   * Counts one.
   * @param spec its app
   * @param durationMs how long it took
   * @param example labels that say which one it was
   */
  observe(spec: AppSpec, durationMs: number, example: Readonly<Record<string, string>>): void;
  /** Renders the histogram of the apps that are there; those that have gone are forgotten. */
  render(text: MetricsText, scene: Scene): void;
  /** What is to outlive the daemon, by the text of the app's labels; the same object as long as nothing was observed. */
  saved(): SavedHistogram;
  restore(saved: SavedHistogram): void;
}

/** JSON. */
export type SavedHistogram = readonly (readonly [
  labels: string,
  { readonly counts: readonly number[]; readonly sum: number; readonly createdSeconds: number },
])[];

/**
 * Makes the histogram of a metric.
 * @param name of the metric
 * @param wallMs the time
 */
export function createAppHistogram(name: AppHistogramName, wallMs: () => number): AppHistogram {
  const bounds: readonly number[] = METRICS[name].buckets;
  const series = histogramSeries(bounds);
  const byApp = new Map<string, Distribution>();
  let saved: SavedHistogram | null = null;

  function distributionOf(labels: string): Distribution {
    const known = byApp.get(labels);
    if (known !== undefined) return known;
    const made = newDistribution(bounds, wallMs() / MS_PER_SECOND);
    byApp.set(labels, made);
    saved = null;
    return made;
  }

  return {
    observe(spec, durationMs, example) {
      const value = durationMs / MS_PER_SECOND;
      const atSeconds = wallMs() / MS_PER_SECOND;
      const labels = appLabels(spec);
      const distribution = distributionOf(labels);
      observeIn(distribution, bounds, { value, labels: labelsText(example), atSeconds });
      // Another object: a page shows that of before as it was.
      byApp.set(labels, { ...distribution });
      saved = null;
    },
    saved() {
      saved ??= [...byApp].map(
        ([labels, { counts, sum, createdSeconds }]) => [labels, { counts, sum, createdSeconds }] as const,
      );
      return saved;
    },
    restore(earlier) {
      saved = null;
      for (const [labels, { counts, sum, createdSeconds }] of earlier) {
        byApp.set(labels, { ...newDistribution(bounds, createdSeconds), counts: [...counts], sum });
      }
    },
    render(text, scene) {
      const present = new Set(scene.apps.map(({ labels }) => labels));
      for (const labels of byApp.keys()) {
        if (present.has(labels)) continue;
        byApp.delete(labels);
        saved = null;
      }
      text.family(name);
      for (const labels of present) {
        const distribution = distributionOf(labels);
        if (!text.has(distribution, labels)) addHistogram(text, labels, series, distribution);
      }
    },
  };
}
