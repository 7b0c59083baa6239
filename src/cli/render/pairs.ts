import type { Paint, Style } from './style.ts';
import { cut, pad, widthOf } from './text.ts';

export interface Pair {
  readonly key: string;
  readonly value: string;
  readonly style?: Style | null;
}

export interface PairsOptions {
  readonly pairs: readonly Pair[];
  readonly width: number;
  readonly paint: Paint;
}

/** `│ `, ` │ ` and ` │`. */
const FRAME = 7;
const LEAST_VALUE = 8;

/**
 * Draws keys and values in a box; long values go on in the next line, as paths must be readable in full.
 * @param options pairs without controls, width and painter
 * @returns lines, none wider than the width
 */
export function drawPairs({ pairs, width, paint }: PairsOptions): string[] {
  const room = width - FRAME;
  const keyWidth = Math.min(Math.max(...pairs.map(({ key }) => widthOf(key))), Math.max(1, room - LEAST_VALUE));
  const longest = Math.max(1, ...pairs.map(({ value }) => widthOf(value)));
  const valueWidth = Math.max(1, Math.min(longest, room - keyWidth));
  const bar = (left: string, middle: string, right: string) => {
    return `${left}${'─'.repeat(keyWidth + 2)}${middle}${'─'.repeat(valueWidth + 2)}${right}`;
  };
  const rows = pairs.flatMap(({ key, value, style }) => {
    return wrap(value, valueWidth).map((part, index) => {
      const shownKey = paint('cyan', pad(index === 0 ? cut(key, keyWidth) : '', keyWidth));
      return `│ ${shownKey} │ ${paint(style ?? null, pad(part, valueWidth))} │`;
    });
  });
  return [bar('┌', '┬', '┐'), ...rows, bar('└', '┴', '┘')];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const character of text) {
    const next = widthOf(character);
    if (used + next > width && line !== '') {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += next > width ? '?' : character;
    used += Math.min(next, width);
  }
  return [...lines, line];
}
