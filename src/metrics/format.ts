import type { MetricSpec, MetricUnit } from './metric-spec.ts';

/** Text format 0.0.4, and OpenMetrics 1.0 for those who ask for it. */
export type TextFormat = 'plain' | 'openmetrics';

/** https://prometheus.io/docs/instrumenting/exposition_formats/ https://prometheus.io/docs/specs/om/open_metrics_spec/ */
export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  plain: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What is said of a family; apps have summaries too. */
interface Head extends Pick<MetricSpec, 'unit' | 'help'> {
  readonly type: MetricSpec['type'] | 'summary';
}

/** The last line of an OpenMetrics page. */
export const END_OF_PAGE = Buffer.from('# EOF\n');

/** Units as OpenMetrics knows them, by ours. */
const UNITS: Readonly<Partial<Record<MetricUnit, string>>> = {
  seconds: 'seconds',
  timestamp_seconds: 'seconds',
  bytes: 'bytes',
  ratio: 'ratio',
};

/**
 * Chooses by what a client accepts; a tie, or no wish at all, gives the old format.
 * @param accept the header
 * @see RFC 9110, 12.5.1
 */
export function formatFor(accept: string | undefined): TextFormat {
  let openmetrics = 0;
  let plain = 0;
  for (const entry of (accept ?? '').split(',')) {
    const [range = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = quality === undefined ? 1 : Number(quality.slice(2)) || 0;
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice('version='.length);
    if (range === 'application/openmetrics-text') {
      if (version === undefined || version === '1.0.0' || version === '0.0.1')
        openmetrics = Math.max(openmetrics, weight);
    } else if (range === 'text/plain' || range === 'text/*' || range === '*/*') plain = Math.max(plain, weight);
  }
  return openmetrics > plain ? 'openmetrics' : 'plain';
}

/**
 * The comments that a family begins with.
 * @param name of its series, without the suffixes of a histogram
 * @param spec what it is
 * @param format of the page
 */
export function headOf(name: string, { type, unit, help }: Head, format: TextFormat): string {
  if (format === 'plain') return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  const info = unit === 'info' && name.endsWith('_info');
  const family = familyOf(name, type, info);
  const word = type === 'untyped' ? 'unknown' : type;
  const suffix = UNITS[unit];
  const unitLine = suffix !== undefined && family.endsWith(`_${suffix}`) ? `# UNIT ${family} ${suffix}\n` : '';
  return `# HELP ${family} ${escapeText(help)}\n# TYPE ${family} ${info ? 'info' : word}\n${unitLine}`;
}

function familyOf(name: string, type: Head['type'], info: boolean): string {
  if (info) return name.slice(0, -'_info'.length);
  return type === 'counter' ? name.replace(/_total$/, '') : name;
}

/**
 * A number as both formats write it.
 * @param value any, NaN too
 */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : `${value}`;
}

/**
 * Text of labels as it stands between the braces.
 * @param labels names and values
 */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeText(value)}"`)
    .join(',');
}

/** As label values are escaped, and HELP in OpenMetrics. */
export function escapeText(text: string): string {
  return /[\\"\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text;
}

/** HELP in text format. */
function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
