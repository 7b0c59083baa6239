import type { AppSpec } from '../core/spec.ts';
import { METRICS } from './contract.ts';
import { appLabels, type Scene } from './scene.ts';
import { type MetricsText, seriesOf } from './text.ts';

const MS_PER_SECOND = 1000;
const SUM = { suffix: '_sum', tail: '' };
const COUNT = { suffix: '_count', tail: '' };

/** The histograms of the contract that have series for each app. */
type AppHistogramName = 'promvisor_instance_ready_duration_seconds' | 'promvisor_reload_duration_seconds';

interface Distribution {
  /** Not cumulated; the last one is for everything above the highest bound. */
  readonly counts: number[];
  sumSeconds: number;
  count: number;
}

/** How long something took, by app: kept here so that prom-client need not be loaded before a scrape. */
export interface AppHistogram {
  /**
   * Counts one.
   * @param spec its app
   * @param durationMs how long it took
   */
  observe(spec: AppSpec, durationMs: number): void;
  /** Renders the histogram of the apps that are there; those that have gone are forgotten. */
  render(text: MetricsText, scene: Scene): void;
}

export function createAppHistogram(name: AppHistogramName): AppHistogram {
  const bounds: readonly number[] = METRICS[name].buckets;
  const buckets = [...bounds, '+Inf'].map((bound) => seriesOf({ le: String(bound) }, '_bucket'));
  const byApp = new Map<string, Distribution>();

  function distributionOf(labels: string): Distribution {
    const known = byApp.get(labels);
    if (known !== undefined) return known;
    const distribution = { counts: new Array<number>(bounds.length + 1).fill(0), sumSeconds: 0, count: 0 };
    byApp.set(labels, distribution);
    return distribution;
  }

  /** Buckets are cumulated; the last one holds all. */
  function addSeries(text: MetricsText, labels: string): void {
    const { counts, sumSeconds, count } = distributionOf(labels);
    let cumulated = 0;
    for (const [at, bucket] of buckets.entries()) {
      cumulated += counts[at] ?? 0;
      text.add(cumulated, labels, bucket);
    }
    text.add(sumSeconds, labels, SUM);
    text.add(count, labels, COUNT);
  }

  return {
    observe(spec, durationMs) {
      const distribution = distributionOf(appLabels(spec));
      const valueSeconds = durationMs / MS_PER_SECOND;
      const above = bounds.findIndex((bound) => valueSeconds <= bound);
      const at = above < 0 ? bounds.length : above;
      distribution.counts[at] = (distribution.counts[at] ?? 0) + 1;
      distribution.sumSeconds += valueSeconds;
      distribution.count++;
    },
    render(text, scene) {
      const present = new Set(scene.apps.map(({ labels }) => labels));
      for (const labels of byApp.keys()) if (!present.has(labels)) byApp.delete(labels);
      text.family(name);
      for (const labels of present) addSeries(text, labels);
    },
  };
}
