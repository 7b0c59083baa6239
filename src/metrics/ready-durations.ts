import type { AppSpec } from '../core/spec.ts';
import { METRICS } from './contract.ts';
import { createLineCache } from './line-cache.ts';
import { appLabels, type Scene } from './scene.ts';
import { createMetricsText } from './text.ts';

const NAME = 'promvisor_instance_ready_duration_seconds';
const { buckets: BOUNDS } = METRICS[NAME];
const MS_PER_SECOND = 1000;

interface Distribution {
  /** Not cumulated; the last one is for everything above the highest bound. */
  readonly counts: number[];
  sumSeconds: number;
  count: number;
}

/** How long processes took to be ready, by app: kept here so that prom-client need not be loaded before a scrape. */
export interface ReadyDurations {
  /**
   * Counts one start.
   * @param spec its app
   * @param readyMs milliseconds from spawn to ready
   */
  observe(spec: AppSpec, readyMs: number): void;
  /** Text of the histogram of the apps that are there; those that have gone are forgotten. */
  render(scene: Scene): string;
}

export function createReadyDurations(): ReadyDurations {
  const byApp = new Map<string, Distribution>();
  const cache = createLineCache<Distribution>();
  return {
    observe(spec, readyMs) {
      const labels = appLabels(spec);
      const distribution = byApp.get(labels) ?? newDistribution();
      byApp.set(labels, distribution);
      const valueSeconds = readyMs / MS_PER_SECOND;
      const above = BOUNDS.findIndex((bound) => valueSeconds <= bound);
      const at = above < 0 ? BOUNDS.length : above;
      distribution.counts[at] = (distribution.counts[at] ?? 0) + 1;
      distribution.sumSeconds += valueSeconds;
      distribution.count++;
    },
    render(scene) {
      const present = new Set(scene.apps.map(({ labels }) => labels));
      for (const labels of byApp.keys()) if (!present.has(labels)) byApp.delete(labels);
      const text = createMetricsText();
      text.family(NAME);
      for (const labels of present) {
        const distribution = byApp.get(labels) ?? newDistribution();
        byApp.set(labels, distribution);
        text.addLines(cache.lines(distribution, String(distribution.count), () => linesOf(distribution, labels)));
      }
      return text.toString();
    },
  };
}

function newDistribution(): Distribution {
  return { counts: new Array<number>(BOUNDS.length + 1).fill(0), sumSeconds: 0, count: 0 };
}

/** Buckets are cumulated; the last one holds all. */
function linesOf({ counts, sumSeconds, count }: Distribution, labels: string): string[] {
  let cumulated = 0;
  const buckets = BOUNDS.map((bound, at) => {
    cumulated += counts[at] ?? 0;
    return `${NAME}_bucket{${labels},le="${bound}"} ${cumulated}\n`;
  });
  return [
    ...buckets,
    `${NAME}_bucket{${labels},le="+Inf"} ${count}\n`,
    `${NAME}_sum{${labels}} ${sumSeconds}\n`,
    `${NAME}_count{${labels}} ${count}\n`,
  ];
}
