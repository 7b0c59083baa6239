import { setTimeout as delay } from 'node:timers/promises';
import type { Terminal } from './terminal.ts';

/** The other screen of a terminal, and no cursor on it: what was there comes back in the end. xterm, DECSET 1049, 25. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Draws a text again and again until the user has seen enough (Ctrl-C). Without a terminal the texts follow each other.
 * @param terminal of the command
 * @param everyMs between two looks
 * @param draw the text for a width, ending with a newline
 * @throws whatever `draw` throws; the screen is as before then too
 */
export async function showLive(
  terminal: Terminal,
  everyMs: number,
  draw: (width: number) => Promise<string>,
): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  for (const signal of ENDS) process.on(signal, end);
  if (terminal.live) terminal.out(ENTER);
  try {
    while (!ended.signal.aborted) {
      const text = await draw(terminal.live ? process.stdout.columns : terminal.width);
      terminal.out(terminal.live ? screenOf(text, process.stdout.rows) : text);
      await delay(everyMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  } finally {
    if (terminal.live) terminal.out(LEAVE);
    for (const signal of ENDS) process.off(signal, end);
  }
}

/** As many lines as the screen has, each clearing what was right of it: nothing flickers. */
function screenOf(text: string, rows: number): string {
  const lines = text.split('\n').slice(0, -1);
  const shown = lines.length < rows ? lines : [...lines.slice(0, rows - 2), `… ${lines.length - rows + 2} more lines`];
  return `${HOME}${shown.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`;
}
