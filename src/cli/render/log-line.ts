import type { Paint, Style } from './style.ts';
import { cut, pad, plain, widthOf } from './text.ts';

/** A line of a log with what is known of it. */
export interface LogLine {
  /** Who wrote it; null when several instances share the file. */
  readonly id: number | null;
  readonly app: string;
  readonly stream: 'out' | 'error';
  /** Unix ms, null for lines out of a file. */
  readonly atMs: number | null;
  /** Without its newline. */
  readonly text: string;
}

export interface LogLayout {
  readonly raw: boolean;
  readonly json: boolean;
  /** Time before the line, null for none. */
  readonly stamp: ((atMs: number) => string) | null;
  /** Columns of the widest `id|name`. */
  readonly labelWidth: number;
  readonly paint: Paint;
}

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
  return Math.max(0, ...labels.map(widthOf));
}

/**
 * One line of a log as it is printed.
 * @param line the line
 * @param layout how to print
 * @returns text with its newline
 */
export function renderLogLine(line: LogLine, { raw, json, stamp, labelWidth, paint }: LogLayout): string {
  if (json) return `${JSON.stringify(jsonOf(line))}\n`;
  if (raw) return `${line.text}\n`;
  const label = pad(logLabel(line.id, line.app), labelWidth);
  const time = stamp === null || line.atMs === null ? '' : `${stamp(line.atMs)} `;
  const colour = line.stream === 'error' ? 'red' : (COLOURS[(line.id ?? 0) % COLOURS.length] ?? 'green');
  return `${paint(colour, `${label} |`)} ${time}${line.text}\n`;
}

/** PM2's keys. */
function jsonOf({ id, app, stream, atMs, text }: LogLine): Record<string, unknown> {
  const timestamp = atMs === null ? null : new Date(atMs).toISOString();
  return { message: text, timestamp, type: stream === 'out' ? 'out' : 'err', process_id: id, app_name: app };
}
