import { BLOCK_LINES, type Block, newBlock, renewBlock } from './block.ts';
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
  /**
   * Begins the series of one source in the family, which ends with the next one or with the family.
   * @param source what alone decides which they are and what they say, with the labels: another object once it changes
   * @param labels that they begin with
   * @returns true when they are as they were, and need not be added
   */
  has(source: object, labels: string): boolean;
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
  /** Their text, cut after each BLOCK_LINES of them. */
  readonly blocks: Block[];
  readonly groups: Group[];
  /** False while it is written: then a failure has kept the rest from being told. */
  isWhole: boolean;
}

/** The series of one source. */
interface Group {
  readonly source: object;
  readonly labels: string;
  /** Position of the first. */
  readonly start: number;
  /** Null as long as it is not known. */
  end: number | null;
}

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
      let groups = 0;
      let total = 0;

      function finish(): void {
        if (name === null) return;
        endGroup();
        family.groups.length = groups;
        cut(family, count);
        for (let at = 0; at < family.blocks.length; at++) {
          const block = family.blocks[at] as Block; // there is one for each
          if (block.hasChanged) renew(name, family, { at, format });
          pieces.push(block.bytes);
        }
        family.isWhole = true;
        total += count;
      }

      function endGroup(): void {
        const group = family.groups[groups - 1];
        if (group !== undefined) group.end = count;
      }

      write({
        family(next) {
          finish();
          name = next;
          count = 0;
          groups = 0;
          const before = known.get(next);
          family = before ?? newFamily();
          known.set(next, family);
          // What follows a failure may be that of before or not.
          if (!family.isWhole) family.groups.length = 0;
          family.isWhole = false;
        },
        add(value, labels, series = PLAIN, exemplar) {
          if (value === null || value === undefined) return;
          if (format === 'plain' && series.suffix === CREATED) return;
          const at = count++;
          if (format === 'openmetrics' && setExemplar(family, at, exemplar)) setOld(family, at);
          if (family.values[at] === value && family.labels[at] === labels && family.series[at] === series) return;
          family.values[at] = value;
          family.labels[at] = labels;
          family.series[at] = series;
          setOld(family, at);
        },
        has(source, labels) {
          endGroup();
          const group = family.groups[groups++];
          if (group?.source === source && group.labels === labels && group.start === count && group.end !== null) {
            count = group.end;
            return true;
          }
          family.groups[groups - 1] = { source, labels, start: count, end: null };
          return false;
        },
      });
      finish();
      return { pieces, series: total };
    },
  };
}

function newFamily(): Family {
  const lists = { values: [], labels: [], series: [], exemplars: new Map(), blocks: [], groups: [] };
  return { ...lists, isWhole: true };
}

/** A family without series has its head all the same. */
function cut({ values, labels, series, blocks }: Family, count: number): void {
  if (values.length > count) for (const list of [values, labels, series]) list.length = count;
  const last = blockOf(Math.max(0, count - 1));
  blocks.length = Math.min(blocks.length, last + 1);
  blocks[last] ??= newBlock();
  const end = blocks[last];
  if (end !== undefined && end.lines !== linesIn(last, count)) end.hasChanged = true;
}

function linesIn(block: number, count: number): number {
  return Math.min(count - block * BLOCK_LINES, BLOCK_LINES);
}

function setOld({ blocks }: Family, at: number): void {
  const index = blockOf(at);
  const block = blocks[index] ?? newBlock();
  blocks[index] = block;
  block.isOld[at % BLOCK_LINES] = 1;
  block.hasChanged = true;
}

/** True when it is another one than before. */
function setExemplar({ exemplars }: Family, at: number, exemplar: Exemplar | undefined): boolean {
  if (exemplars.get(at) === exemplar) return false;
  if (exemplar === undefined) exemplars.delete(at);
  else exemplars.set(at, exemplar);
  return true;
}

function blockOf(at: number): number {
  return Math.floor(at / BLOCK_LINES);
}

interface Part {
  /** Position of the block. */
  readonly at: number;
  readonly format: TextFormat;
}

function renew(name: MetricName, { values, labels, series, exemplars, blocks }: Family, { at, format }: Part): void {
  const block = blocks[at] as Block; // the caller has it from there
  const spec = ALL_METRICS[name];
  const base = spec.type === 'counter' ? name.replace(/_total$/, '') : name;
  const first = at * BLOCK_LINES;
  const text = (line: number) => {
    const { suffix, tail } = series[first + line] ?? PLAIN;
    const all = `${labels[first + line]}${tail}`;
    const full = suffix === CREATED ? base : name;
    const value = numberText(values[first + line] ?? 0);
    const exemplar = exemplars.get(first + line);
    const end = exemplar === undefined ? '\n' : exemplarText(exemplar);
    return all === '' ? `${full}${suffix} ${value}${end}` : `${full}${suffix}{${all}} ${value}${end}`;
  };
  renewBlock(block, { head: at === 0 ? headOf(name, spec, format) : '', count: linesIn(at, values.length), text });
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
