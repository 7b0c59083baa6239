import type { FamilyPart, FamilyTotal } from './app-account.ts';
import type { AppFamily } from './app-families.ts';
import { END_OF_PAGE, headOf, labelsText, numberText, type TextFormat } from './format.ts';

export interface AppPage {
  readonly body: readonly Buffer[];
  readonly series: number;
}

const OWN_LABEL = /(^|,)instance_id="/g;

/**
 * Renders the own metrics of an app.
 * @param families as the account has them
 * @param format of the page
 */
export function renderAppPage(families: readonly FamilyTotal[], format: TextFormat): AppPage {
  const names = new Set(families.map(({ family }) => family.name));
  const pieces: Buffer[] = [];
  let series = 0;
  for (const total of families) {
    const lines = total.parts.flatMap((part) => linesOf(total.family, part));
    if (lines.length === 0) continue;
    series += lines.length;
    pieces.push(Buffer.from(`${head(total.family, format, names)}${lines.join('')}`));
  }
  if (series === 0) pieces.push(Buffer.from('# The app has no metrics of its own.\n'));
  if (format === 'openmetrics') {
    // There a comment of one's own is an error.
    const body = series === 0 ? [] : pieces;
    return { body: [...body, END_OF_PAGE], series };
  }
  return { body: pieces, series };
}

/**
 * In OpenMetrics a counter's series end in _total. One that is called otherwise keeps its name, which dashboards know,
 * and is of unknown type; and so does one whose name without the ending is taken.
 */
function head({ name, help, type }: AppFamily, format: TextFormat, names: ReadonlySet<string>): string {
  const short = name.replace(/_total$/, '');
  const isCounter = type === 'counter' && (format === 'plain' || (short !== name && !names.has(short)));
  const shown = type === 'counter' && !isCounter ? 'untyped' : type;
  return headOf(name, { type: shown, unit: 'number', help }, format);
}

function linesOf({ name, type, bounds }: AppFamily, { slot, rows, gauges }: FamilyPart): string[] {
  const lines: string[] = [];
  const more = slot === null ? '' : labelsText({ instance_id: String(slot) });
  const add = (suffix: string, labels: string, value: number) => {
    lines.push(`${name}${suffix}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}\n`);
  };
  const labelsOf = (key: string) =>
    slot === null ? key : join(key.replace(OWN_LABEL, '$1exported_instance_id="'), more);
  for (const [key, value] of gauges) add('', labelsOf(key), value);
  for (const [key, row] of rows) {
    const labels = labelsOf(key);
    const [first = 0, sum = 0, ...buckets] = row;
    if (type === 'counter') add('', labels, first);
    else {
      for (const [at, bound] of bounds.entries()) add('_bucket', join(labels, `le="${bound}"`), buckets[at] ?? 0);
      add('_sum', labels, sum);
      add('_count', labels, first);
    }
  }
  return lines;
}

function join(one: string, other: string): string {
  return one === '' ? other : `${one},${other}`;
}
