import type { LogFileView } from '../api/log-views.ts';
import { createStamp } from '../logs/stamp.ts';
import type { LogOptions } from './log-options.ts';
import { createLineRenderer, type LogLayout, type LogLine, labelWidthOf, logLabel } from './render/log-line.ts';
import type { Terminal } from './terminal.ts';

/** Prints lines and waits until they are taken. */
export type PrintLines = (lines: readonly LogLine[]) => Promise<void>;

/** PM2's, of `--format`. */
const PAIRS_STAMP = 'YYYY-MM-DD-HH:mm:ssZZ';

/**
 * Makes the printer of `logs`.
 * @param terminal where to print
 * @param options how
 * @param files whose lines may come: their labels are given the same width
 * @returns the printer
 */
export function createLogPrinter(terminal: Terminal, options: LogOptions, files: readonly LogFileView[]): PrintLines {
  const { form, highlight, stampPattern } = options;
  const pattern = form === 'pairs' ? (stampPattern ?? PAIRS_STAMP) : stampPattern;
  const stamp = pattern === null ? null : createStamp(pattern, '');
  const labels = files.flatMap(({ ids, app }) =>
    [...ids, ...(ids.length === 1 ? [] : [null])].map((id) => logLabel(id, app)),
  );
  const layout: LogLayout = {
    form,
    highlight,
    stamp: stamp === null ? null : (atMs) => stamp(atMs).toString(),
    labelWidth: labelWidthOf(labels),
    paint: terminal.paint,
  };
  const render = createLineRenderer(layout);
  return async (lines) => {
    let text = '';
    for (const line of lines) {
      const rendered = render(line);
      if (form !== 'raw' || line.stream === 'out') text += rendered;
      else {
        // In the order of their times, should both go to one terminal.
        if (text !== '') terminal.out(text);
        text = '';
        terminal.err(rendered);
      }
    }
    if (text !== '') terminal.out(text);
    await terminal.drained();
  };
}
