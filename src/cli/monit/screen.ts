import { widthOf } from '../render/text.ts';

/** The other screen, no cursor, no wrapping at the right edge: xterm's DECSET 1049, 25 and 7. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** A terminal that knows it shows all that is between at once; the others pass it over. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

/** A terminal on which lines stand; what has not changed is not written again. */
export interface Screen {
  /** Shows these lines, one below the other from the top; none wider than the screen. */
  draw(lines: readonly string[], width: number): void;
  /** Forgets what stands there, as after a change of its size. */
  forget(): void;
  /** Gives the terminal back as it was; once, however often it is called. */
  leave(): void;
}

/**
 * Takes the terminal.
 * @param write to it
 */
export function openScreen(write: (text: string) => void): Screen {
  let shown: readonly string[] = [];
  let isOpen = true;
  write(ENTER);
  return {
    draw(lines, width) {
      if (!isOpen) return;
      const text = changesOf(shown, lines, width);
      shown = lines;
      if (text !== '') write(`${BEGIN}${text}${END}`);
    },
    forget() {
      if (!isOpen) return;
      shown = [];
      write('\u001b[2J');
    },
    leave() {
      if (!isOpen) return;
      isOpen = false;
      write(LEAVE);
    },
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STYLES = /\u001b\[[0-9;]*m/g;

/**
 * What has to be written so that other lines stand there.
 * @param before lines that stand there
 * @param after lines that are to stand there
 * @param width of the screen
 * @returns a text of terminal sequences, empty when nothing changes
 */
export function changesOf(before: readonly string[], after: readonly string[], width: number): string {
  const rows = Array.from({ length: Math.max(before.length, after.length) }, (_, row) => row);
  return rows
    .filter((row) => before[row] !== after[row])
    .map((row) => {
      const line = after[row] ?? '';
      // Behind the last column the cursor stands on it, and would clear it.
      const isFull = widthOf(line.replace(STYLES, '')) >= width;
      return `\u001b[${row + 1};1H${line}${isFull ? '' : '\u001b[K'}`;
    })
    .join('');
}
