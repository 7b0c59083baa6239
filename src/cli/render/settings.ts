import type { Paint } from './style.ts';
import { pad, plain, widthOf } from './text.ts';

/** One setting as it holds for the next daemon. */
export interface SettingView {
  readonly key: string;
  /** As it can be given to `set`; secrets masked. */
  readonly value: string;
  /** The file, the variable, or null for the default. */
  readonly from: string | null;
}

/**
 * All settings, one a line.
 * @param settings in their order
 * @param paint painter
 * @returns text that ends with a newline
 */
export function renderSettings(settings: readonly SettingView[], paint: Paint): string {
  const width = Math.max(...settings.map(({ key }) => widthOf(key)));
  return settings
    .map(({ key, value, from }) => {
      const origin = from === null ? '' : paint('dim', `  (${plain(from)})`);
      return `${paint('cyan', pad(key, width))}  ${value === '' ? '-' : plain(value)}${origin}\n`;
    })
    .join('');
}
