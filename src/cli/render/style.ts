export type Style = 'bold' | 'dim' | 'inverse' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

/** Puts a style on a text, or leaves it as it is where colours are off. */
export type Paint = (style: Style | null, text: string) => string;

/** SGR parameters: on, off. ECMA-48 8.3.117. */
const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  inverse: [7, 27],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
};

/**
 * Makes the painter of an output.
 * @param colours whether to use colours
 * @returns the painter
 */
export function painter(colours: boolean): Paint {
  if (!colours) return (_style, text) => text;
  return (style, text) => {
    if (style === null || text === '') return text;
    const [on, off] = CODES[style];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

/**
 * Decides about colours for an output.
 * @param env NO_COLOR (any value: none) and FORCE_COLOR (`0`: none, other: always)
 * @param isTerminal whether the output is a terminal
 * @returns true for colours
 * @see https://no-color.org and https://force-color.org
 */
export function wantsColours(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none, TERM: term } = env;
  if (none !== undefined && none !== '') return false;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTerminal && term !== 'dumb';
}
