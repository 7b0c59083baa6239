import type { AppDiff, KeyChange } from '../../config/diff.ts';
import type { KeyValue } from '../../config/spec-keys.ts';
import type { Paint, Style } from './style.ts';
import { cut, pad, plain } from './text.ts';

const SIGNS: Readonly<Record<AppDiff['change'], readonly [string, Style]>> = {
  added: ['+', 'green'],
  changed: ['~', 'yellow'],
  removed: ['-', 'red'],
  same: ['=', 'dim'],
};
const IN_MS = /^(?:min_uptime|.*_delay|.*_timeout|max_age|watch_options\.interval)$/;
const IN_BYTES = /^(?:max_memory_restart|max_size|max_total)$/;
const UNITS = [
  ['G', 1024 ** 3],
  ['M', 1024 ** 2],
  ['K', 1024],
] as const;
const LONGEST_VALUE = 120;
const MOST_NAMES = 12;

/**
 * What a config file would change, for people.
 * @param apps its apps and those that left it
 * @param paint painter
 * @returns lines, each with its newline
 */
export function diffText(apps: readonly AppDiff[], paint: Paint): string {
  return apps
    .flatMap((app) => appLines(app, paint))
    .map((line) => `${line}\n`)
    .join('');
}

function appLines({ name, namespace, change, changes, shell, notes }: AppDiff, paint: Paint): string[] {
  const [sign, style] = SIGNS[change];
  const where = namespace === 'default' ? '' : ` (${namespace})`;
  const width = Math.max(0, ...changes.map(({ key }) => plain(key).length));
  const names = shell.slice(0, MOST_NAMES).map(plain).join(', ');
  const more = shell.length > MOST_NAMES ? ` and ${shell.length - MOST_NAMES} more` : '';
  return [
    `${paint(style, sign)} ${paint('bold', plain(name))}${where}: ${change}`,
    ...changes.map((one) => `    ${paint('cyan', pad(plain(one.key), width))}  ${changeText(one)}`),
    ...notes.map((note) => `    ${paint('yellow', plain(note))}`),
    ...(shell.length === 0 ? [] : [`    ${paint('dim', `not counted, as they are of this shell: ${names}${more}`)}`]),
  ];
}

function changeText({ key, from, to }: KeyChange): string {
  const [before, after] = [valueText(key, from), valueText(key, to)];
  return `${before} → ${after}${before === after ? ' (another one, which is not shown)' : ''}`;
}

function valueText(key: string, value: KeyValue): string {
  if (value === null) return 'none';
  if (typeof value === 'number' && IN_MS.test(key)) return `${value} ms`;
  if (typeof value === 'number' && IN_BYTES.test(key)) return sizeText(value);
  const text = typeof value === 'string' && value === '***' ? value : JSON.stringify(value);
  return cut(plain(text), LONGEST_VALUE);
}

function sizeText(bytes: number): string {
  const unit = bytes === 0 ? undefined : UNITS.find(([, size]) => bytes % size === 0);
  return unit === undefined ? `${bytes}` : `${bytes / unit[1]}${unit[0]}`;
}
