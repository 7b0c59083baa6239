import { METRICS, type MetricName } from './contract.ts';
import type { MetricSpec } from './metric-spec.ts';

/** What tells the series of one instance in one family apart. It is compared by identity: made once, never per scrape. */
export interface Series {
  /** After the family's name: `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix: string;
  /** Text of the labels that come behind those of the instance, with its comma; empty for none. */
  readonly tail: string;
}

const PLAIN: Series = { suffix: '', tail: '' };

/**
 * Text exposition of the per-instance families. prom-client formats labels series by series, which for 100 instances
 * (8,000 series) takes longer than everything else in a scrape.
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export interface MetricsText {
  /** Begins a family; its series follow. */
  family(name: MetricName): void;
  /**
   * Adds a series to the family.
   * @param value the number, or null for no series
   * @param labels text made by `labelsText`, or '' for none
   * @param series which one it is, where an instance has several in a family
   */
  add(value: number | null | undefined, labels: string, series?: Series): void;
}

/** Families that are written anew at every scrape, while only those that have changed are made into text again. */
export interface MetricsPage {
  /**
   * @param write adds all families; synchronous, so that two scrapes at once do not meet in it
   * @returns UTF-8 in pieces that never change, each ending in a newline
   */
  render(write: (text: MetricsText) => void): readonly Buffer[];
}

/** One family as it was written last: the series in their order, side by side in three lists, and their text. */
interface Family {
  readonly values: number[];
  readonly labels: string[];
  readonly series: Series[];
  bytes: Buffer;
}

export function createMetricsPage(): MetricsPage {
  const known = new Map<MetricName, Family>();

  return {
    render(write) {
      const pieces: Buffer[] = [];
      let name: MetricName | null = null;
      let family = newFamily();
      let count = 0;
      let changed = false;

      function finish(): void {
        if (name === null) return;
        if (changed || count !== family.values.length) {
          for (const list of [family.values, family.labels, family.series]) list.length = count;
          family.bytes = bytesOf(name, family);
        }
        pieces.push(family.bytes);
      }

      write({
        family(next) {
          finish();
          name = next;
          count = 0;
          const before = known.get(next);
          changed = before === undefined;
          family = before ?? newFamily();
          known.set(next, family);
        },
        add(value, labels, series = PLAIN) {
          if (value === null || value === undefined) return;
          const at = count++;
          if (family.values[at] === value && family.labels[at] === labels && family.series[at] === series) return;
          family.values[at] = value;
          family.labels[at] = labels;
          family.series[at] = series;
          changed = true;
        },
      });
      finish();
      return pieces;
    },
  };
}

function newFamily(): Family {
  return { values: [], labels: [], series: [], bytes: Buffer.alloc(0) };
}

function bytesOf(name: MetricName, { values, labels, series }: Family): Buffer {
  const { help, type }: MetricSpec = METRICS[name];
  let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  for (const [at, value] of values.entries()) {
    const { suffix, tail } = series[at] ?? PLAIN;
    const all = `${labels[at]}${tail}`;
    text += all === '' ? `${name}${suffix} ${value}\n` : `${name}${suffix}{${all}} ${value}\n`;
  }
  return Buffer.from(text);
}

/**
 * Makes a series of an instance.
 * @param labels names and values that come behind the instance's own
 * @param suffix of the family's name
 */
export function seriesOf(labels: Readonly<Record<string, string>>, suffix = ''): Series {
  return { suffix, tail: `,${labelsText(labels)}` };
}

/**
 * Text of labels as it stands between the braces.
 * @param labels names and values
 */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',');
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
