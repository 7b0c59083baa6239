import type { AppSpec } from '../core/spec.ts';
import { appLabels, type Scene } from './scene.ts';
import type { MetricsText } from './text.ts';

/** Counts the scheduled restarts that were due and not begun, by app. */
export interface CronSkips {
  observe(spec: AppSpec): void;
  /** Renders the counts of the apps that have a schedule; those of apps that have gone are forgotten. */
  render(text: MetricsText, scene: Scene): void;
  /** What is to outlive the daemon, by the text of the app's labels. */
  saved(): SavedCronSkips;
  restore(saved: SavedCronSkips): void;
}

/** JSON. */
export type SavedCronSkips = readonly (readonly [labels: string, count: number])[];

export function createCronSkips(): CronSkips {
  const byApp = new Map<string, number>();
  return {
    observe(spec) {
      const labels = appLabels(spec);
      byApp.set(labels, (byApp.get(labels) ?? 0) + 1);
    },
    saved: () => [...byApp],
    restore(saved) {
      for (const [labels, count] of saved) byApp.set(labels, count);
    },
    render(text, { apps }) {
      const present = new Set(apps.map(({ labels }) => labels));
      for (const labels of byApp.keys()) if (!present.has(labels)) byApp.delete(labels);
      text.family('promvisor_cron_skipped_total');
      for (const { labels, spec } of apps) {
        if (spec.triggers.cron !== null) text.add(byApp.get(labels) ?? 0, labels);
      }
    },
  };
}
