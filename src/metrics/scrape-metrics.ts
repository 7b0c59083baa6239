import { METRICS } from './contract.ts';
import { addHistogram, type Distribution, histogramSeries, newDistribution, observeIn } from './distribution.ts';
import { labelsText } from './format.ts';
import { PAGES } from './runtime-contract.ts';
import type { MetricsText } from './text.ts';

type PageName = (typeof PAGES)[number];

/** What an answer to a scrape was like. */
export interface ScrapeSeen {
  readonly page: PageName;
  /** Key of the app, where each has a page of its own. */
  readonly app?: string;
  readonly durationMs: number;
  readonly bytes: number;
  readonly series: number;
  /** Labels that say which one it was. */
  readonly example: Readonly<Record<string, string>>;
}

/** Counts the scrapes themselves. */
export interface ScrapeCounts {
  observe(seen: ScrapeSeen): void;
  /** Forgets the size of the page of an app that has gone. */
  forget(app: string): void;
  render(text: MetricsText): void;
}

const MS_PER_SECOND = 1000;
const BOUNDS: readonly number[] = METRICS.promvisor_scrape_duration_seconds.buckets;
/** These labels stand alone: there is no instance before them. */
const LABELS = PAGES.map((page) => ({ page, labels: labelsText({ page }) }));
const SERIES = histogramSeries(BOUNDS);

/**
 * Begins to count.
 * @param wallMs the time
 */
export function createScrapeCounts(wallMs: () => number): ScrapeCounts {
  const fresh = () => newDistribution(BOUNDS, wallMs() / MS_PER_SECOND);
  const durations: Readonly<Record<PageName, Distribution>> = { metrics: fresh(), apps: fresh() };
  const sizes = { metrics: new Map<string, ScrapeSeen>(), apps: new Map<string, ScrapeSeen>() };

  return {
    observe(seen) {
      const value = seen.durationMs / MS_PER_SECOND;
      const observed = { value, labels: labelsText(seen.example), atSeconds: wallMs() / MS_PER_SECOND };
      observeIn(durations[seen.page], BOUNDS, observed);
      sizes[seen.page].set(seen.app ?? '', seen);
    },
    forget: (app) => void sizes.apps.delete(app),
    render(text) {
      text.family('promvisor_scrape_duration_seconds');
      for (const { page, labels } of LABELS) addHistogram(text, labels, SERIES, durations[page]);
      const sum = (page: PageName, read: (seen: ScrapeSeen) => number) =>
        [...sizes[page].values()].reduce((all, seen) => all + read(seen), 0);
      text.family('promvisor_scrape_size_bytes');
      for (const { page, labels } of LABELS)
        text.add(
          sum(page, ({ bytes }) => bytes),
          labels,
        );
      text.family('promvisor_scrape_series');
      for (const { page, labels } of LABELS)
        text.add(
          sum(page, ({ series }) => series),
          labels,
        );
    },
  };
}
