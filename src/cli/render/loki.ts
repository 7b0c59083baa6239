import type { LokiAppView, LokiStatusView, LokiTestView } from '../../api/loki-views.ts';
import { drawPairs, type Pair } from './pairs.ts';
import type { Paint } from './style.ts';
import { type Column, drawTable } from './table.ts';
import { plain } from './text.ts';
import { age, dateTime, size, span } from './units.ts';

export interface LokiStatusOptions {
  readonly view: LokiStatusView;
  readonly nowMs: number;
  readonly width: number;
  readonly paint: Paint;
}

/**
 * What is shipped to Loki and what waits.
 * @param options view, time, width and painter
 * @returns lines, ending with a newline
 */
export function renderLokiStatus({ view, nowMs, width, paint }: LokiStatusOptions): string {
  if (!view.enabled) return 'nothing is shipped: the setting loki.url is not set\n';
  const { lastSuccessMs, lastError } = view;
  const dropped = countsOf(view.dropped);
  const pairs: Pair[] = [
    { key: 'url', value: plain(view.url ?? '') },
    { key: 'lag', value: lagOf(view.lagSeconds) },
    { key: 'pending', value: size(view.pendingBytes) },
    { key: 'last success', value: lastSuccessMs === null ? 'none yet' : `${age(nowMs - lastSuccessMs)} ago` },
    {
      key: 'last error',
      value: lastError === null ? 'none' : `${dateTime(lastError.atMs)} ${plain(lastError.message)}`,
    },
    { key: 'sent', value: `${view.sentEntries} lines, ${size(view.sentBytes)}` },
    { key: 'tried again', value: countsOf(view.retries) },
    { key: 'dropped', value: dropped, style: dropped === 'none' ? null : 'yellow' },
  ];
  const lines = drawPairs({ pairs, width, paint });
  if (view.apps.length > 0) lines.push(...appTable(view, width, paint));
  return `${lines.join('\n')}\n`;
}

function appTable({ apps }: LokiStatusView, width: number, paint: Paint): string[] {
  const columns: readonly Column<LokiAppView>[] = [
    { title: 'app', rank: 0, least: 8, cell: ({ app }) => ({ text: plain(app) }) },
    { title: 'namespace', rank: 3, least: 8, cell: ({ namespace }) => ({ text: plain(namespace) }) },
    { title: 'lag', rank: 0, align: 'right', cell: ({ lagSeconds }) => ({ text: lagOf(lagSeconds) }) },
    { title: 'pending', rank: 2, align: 'right', cell: ({ pendingBytes }) => ({ text: size(pendingBytes) }) },
    { title: 'sent', rank: 1, align: 'right', cell: ({ sentEntries }) => ({ text: String(sentEntries) }) },
    { title: 'dropped', rank: 1, least: 12, cell: ({ dropped }) => ({ text: countsOf(dropped) }) },
  ];
  return drawTable({ columns, rows: apps, width, paint });
}

/**
 * How long the oldest line has waited.
 * @param seconds 0 when none waits
 * @returns words
 */
export function lagOf(seconds: number): string {
  return seconds === 0 ? 'none' : span(seconds * 1000);
}

/**
 * Counts by reason, without those that are 0.
 * @param counts by reason
 * @returns words, `none` when all are 0
 */
export function countsOf(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? 'none' : some.map(([key, count]) => `${count} ${key}`).join(', ');
}

export interface LokiTestOptions {
  readonly view: LokiTestView;
  readonly width: number;
  readonly paint: Paint;
}

/**
 * What came of one line.
 * @param options view, width and painter
 * @returns lines, ending with a newline
 */
export function renderLokiTest({ view, width, paint }: LokiTestOptions): string {
  const labels = Object.entries(view.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const pairs: Pair[] = [
    { key: 'url', value: plain(view.url) },
    { key: 'result', value: view.ok ? 'taken' : 'not taken', style: view.ok ? 'green' : 'red' },
    { key: 'status', value: view.status === null ? 'no answer' : String(view.status) },
    ...(view.error === null ? [] : [{ key: 'error', value: plain(view.error) }]),
    ...(view.body.trim() === '' ? [] : [{ key: 'body', value: plain(view.body.trim()) }]),
    { key: 'time', value: `${Math.round(view.durationMs)} ms` },
    { key: 'line', value: plain(view.line) },
    { key: 'query', value: plain(`{${labels.join(', ')}}`) },
  ];
  return `${drawPairs({ pairs, width, paint }).join('\n')}\n`;
}
