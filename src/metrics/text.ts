import { ALL_METRICS, type MetricName } from './contract.ts';
import { headOf, labelsText, numberText, type TextFormat } from './format.ts';

/** What tells the series of one instance in one family apart. It is compared by identity: made once, never per scrape. */
export interface Series {
  /** After the family's name: `_bucket`, `_sum`, `_count`, `_created` of a histogram. */
  readonly suffix: string;
  /** Text of the labels that come behind those of the instance, with its comma; empty for none. */
  readonly tail: string;
}

/** One example of what a bucket has counted. It is compared by identity. */
export interface Exemplar {
  /** Text made by `labelsText`. */
  readonly labels: string;
  readonly value: number;
  /** Unix seconds. */
  readonly atSeconds: number;
}

const PLAIN: Series = { suffix: '', tail: '' };
const CREATED = '_created';

/**
 * Text exposition of the per-instance families. prom-client formats labels series by series, which for 100 instances
 * (8,000 series) takes longer than everything else in a scrape.
 */
export interface MetricsText {
  /** Begins a family; its series follow. */
  family(name: MetricName): void;
  /**
   * Adds a series to the family.
   * @param value the number, or null for no series
   * @param labels text made by `labelsText`, or '' for none
   * @param series which one it is, where an instance has several in a family
   * @param exemplar of a bucket; only OpenMetrics shows it
   */
  add(value: number | null | undefined, labels: string, series?: Series, exemplar?: Exemplar): void;
}

/** Families that are written anew at every scrape, while only those that have changed are made into text again. */
export interface MetricsPage {
  /**
   * @param write adds all families; synchronous, so that two scrapes at once do not meet in it
   * @returns UTF-8 in pieces that never change, each ending in a newline, and how many series are in them
   */
  render(write: (text: MetricsText) => void): Rendered;
}

export interface Rendered {
  readonly pieces: readonly Buffer[];
  readonly series: number;
}

/** One family as it was written last: the series in their order, side by side in lists, and their text. */
interface Family {
  readonly values: number[];
  readonly labels: string[];
  readonly series: Series[];
  /** By position; few have one. */
  readonly exemplars: Map<number, Exemplar>;
  /** The text, cut after each BLOCK series. */
  readonly blocks: Buffer[];
  /** Those whose text is of before. It is kept here, as a page may fail half-way. */
  readonly isOld: boolean[];
}

/** Of three hundred series one that has changed, as the daemon's own among those of its apps, does not cost the text of all. */
const BLOCK = 256;

/**
 * Makes a page.
 * @param format what OpenMetrics alone knows (`_created`, exemplars) is left out of the other
 */
export function createMetricsPage(format: TextFormat): MetricsPage {
  const known = new Map<MetricName, Family>();

  return {
    render(write) {
      const pieces: Buffer[] = [];
      let name: MetricName | null = null;
      let family = newFamily();
      let count = 0;
      let total = 0;

      function finish(): void {
        if (name === null) return;
        const last = blockOf(Math.max(0, count - 1));
        if (count !== family.values.length) {
          for (const list of [family.values, family.labels, family.series]) list.length = count;
          for (const list of [family.blocks, family.isOld]) list.length = Math.min(list.length, last + 1);
          family.isOld[last] = true;
        }
        for (let block = 0; block <= last; block++) {
          if (family.isOld[block] !== false) family.blocks[block] = bytesOf(name, family, { block, format });
          family.isOld[block] = false;
          pieces.push(family.blocks[block] as Buffer); // made now or before
        }
        total += count;
      }

      write({
        family(next) {
          finish();
          name = next;
          count = 0;
          const before = known.get(next);
          family = before ?? newFamily();
          known.set(next, family);
        },
        add(value, labels, series = PLAIN, exemplar) {
          if (value === null || value === undefined) return;
          if (format === 'plain' && series.suffix === CREATED) return;
          const at = count++;
          if (format === 'openmetrics' && setExemplar(family, at, exemplar)) family.isOld[blockOf(at)] = true;
          if (family.values[at] === value && family.labels[at] === labels && family.series[at] === series) return;
          family.values[at] = value;
          family.labels[at] = labels;
          family.series[at] = series;
          family.isOld[blockOf(at)] = true;
        },
      });
      finish();
      return { pieces, series: total };
    },
  };
}

function newFamily(): Family {
  return { values: [], labels: [], series: [], exemplars: new Map(), blocks: [], isOld: [] };
}

/** True when it is another one than before. */
function setExemplar({ exemplars }: Family, at: number, exemplar: Exemplar | undefined): boolean {
  if (exemplars.get(at) === exemplar) return false;
  if (exemplar === undefined) exemplars.delete(at);
  else exemplars.set(at, exemplar);
  return true;
}

function blockOf(at: number): number {
  return Math.floor(at / BLOCK);
}

interface Part {
  readonly block: number;
  readonly format: TextFormat;
}

function bytesOf(name: MetricName, family: Family, { block, format }: Part): Buffer {
  const { values, labels, series, exemplars } = family;
  const spec = ALL_METRICS[name];
  let text = block === 0 ? headOf(name, spec, format) : '';
  const base = spec.type === 'counter' ? name.replace(/_total$/, '') : name;
  const end = Math.min(values.length, (block + 1) * BLOCK);
  for (let at = block * BLOCK; at < end; at++) {
    const value = values[at] ?? 0;
    const { suffix, tail } = series[at] ?? PLAIN;
    const all = `${labels[at]}${tail}`;
    const full = suffix === CREATED ? base : name;
    text += all === '' ? `${full}${suffix} ${numberText(value)}` : `${full}${suffix}{${all}} ${numberText(value)}`;
    const exemplar = exemplars.get(at);
    text += exemplar === undefined ? '\n' : exemplarText(exemplar);
  }
  return Buffer.from(text);
}

function exemplarText({ labels, value, atSeconds }: Exemplar): string {
  return ` # {${labels}} ${numberText(value)} ${atSeconds}\n`;
}

/**
 * Makes a series of an instance.
 * @param labels names and values that come behind the instance's own
 * @param suffix of the family's name
 */
export function seriesOf(labels: Readonly<Record<string, string>>, suffix = ''): Series {
  const text = labelsText(labels);
  return { suffix, tail: text === '' ? '' : `,${text}` };
}
