import type { Paint, Style } from './style.ts';
import { cut, pad, plain, widthOf } from './text.ts';

/** A line of a log with what is known of it. */
export interface LogLine {
  /** Who wrote it; null when several instances share the file. */
  readonly id: number | null;
  readonly slot: number | null;
  readonly app: string;
  readonly namespace: string;
  readonly stream: 'out' | 'error';
  /** Unix ms, null for lines of a file without an index. */
  readonly atMs: number | null;
  /** Without its newline. */
  readonly text: string;
}

export interface LogLayout {
  readonly form: 'text' | 'raw' | 'json' | 'pairs';
  /** Time before the line, or in the pairs; null for none. */
  readonly stamp: ((atMs: number) => string) | null;
  /** Text that is made to stand out, null for none. */
  readonly highlight: string | null;
  /** Columns of the widest `id|name`. */
  readonly labelWidth: number;
  readonly paint: Paint;
}

/** Red is for errors. */
const COLOURS: readonly Style[] = ['green', 'cyan', 'yellow', 'magenta', 'blue'];
const LABEL_MAX = 24;

/**
 * The label of an instance before its lines.
 * @param id of the instance, null when several share the file
 * @param app name of the app
 * @returns PM2's `id|name`, at most 24 columns
 */
export function logLabel(id: number | null, app: string): string {
  return cut(`${id ?? '*'}|${plain(app)}`, LABEL_MAX);
}

/**
 * Columns that the labels need, so that the texts stand below each other.
 * @param labels of all that may be shown
 * @returns a width
 */
export function labelWidthOf(labels: readonly string[]): number {
  return labels.reduce((widest, label) => Math.max(widest, widthOf(label)), 0);
}

/**
 * Makes the renderer of lines.
 * @param layout how to print
 * @returns gives a line as it is printed, with its newline
 */
export function createLineRenderer(layout: LogLayout): (line: LogLine) => string {
  switch (layout.form) {
    case 'json':
      return (line) => `${JSON.stringify(jsonOf(unwrapped(line)))}\n`;
    case 'pairs':
      return (line) => pairsOf(unwrapped(line), layout);
    case 'raw':
      return (line) => `${highlighted(line.text, layout)}\n`;
    case 'text':
      return labelled(layout);
    default:
      return layout.form satisfies never;
  }
}

function labelled(layout: LogLayout): (line: LogLine) => string {
  const { stamp } = layout;
  /** One for each instance and stream that has said something: what stands before their lines. */
  const heads = new Map<string, string>();
  return (line) => {
    const { id, app, stream, atMs } = line;
    const key = `${stream}${id}|${app}`;
    const head = heads.get(key) ?? headOf(line, layout);
    heads.set(key, head);
    const time = stamp === null || atMs === null ? '' : `${stamp(atMs)} `;
    return `${head} ${time}${highlighted(line.text, layout)}\n`;
  };
}

function headOf({ id, app, stream }: LogLine, { labelWidth, paint }: LogLayout): string {
  const label = pad(logLabel(id, app), labelWidth);
  const colour = colourOf(app);
  return stream === 'error' ? `${paint(colour, label)} ${paint('red', '|')}` : paint(colour, `${label} |`);
}

/** The same for an app whenever and with whatever others it is shown. */
function colourOf(app: string): Style {
  let hash = 0;
  for (let at = 0; at < app.length; at++) hash = (Math.imul(hash, 31) + app.charCodeAt(at)) >>> 0;
  return COLOURS[hash % COLOURS.length] ?? 'green';
}

function highlighted(text: string, { highlight, paint }: LogLayout): string {
  if (highlight === null) return text;
  return text.replaceAll(highlight, (found) => paint('inverse', found));
}

/** PM2's form: `timestamp=… app=… id=… type=… message=…`. */
function pairsOf({ id, app, stream, atMs, text }: LogLine, { stamp }: LogLayout): string {
  const time = stamp === null || atMs === null ? '-' : stamp(atMs);
  return `timestamp=${time} app=${app} id=${id ?? '-'} type=${stream} message=${text}\n`;
}

/** PM2's keys, and two that it does not have. */
function jsonOf({ id, slot, app, namespace, stream, atMs, text }: LogLine): Record<string, unknown> {
  const timestamp = atMs === null ? null : isoOf(atMs);
  const type = stream === 'out' ? 'out' : 'err';
  return { message: text, timestamp, type, process_id: id, app_name: app, namespace, slot };
}

function isoOf(atMs: number): string | null {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

const OWN_JSON = '{"message":';
const OWN_KEYS = ['message', 'timestamp', 'type', 'process_id', 'app_name'];

/** With `log_type: json` the file has objects of this very form already: they are not put into another one. */
function unwrapped(line: LogLine): LogLine {
  if (!line.text.startsWith(OWN_JSON)) return line;
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    return line;
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== OWN_KEYS.join()) return line;
  // Each key is there, with whatever value.
  const { message, timestamp, process_id: id } = value as Record<string, unknown>;
  if (typeof message !== 'string' || typeof id !== 'number') return line;
  const atMs = Date.parse(String(timestamp));
  return { ...line, text: message, id, atMs: Number.isNaN(atMs) ? line.atMs : atMs };
}
