import { readFileSync } from 'node:fs';

/** One row of a table in docs/pm2.md. */
export interface Pm2Row {
  /** PM2's words for the same thing. */
  readonly words: readonly string[];
  readonly verdict: string;
  /** Ours, null where there is none. */
  readonly here: string | null;
  readonly note: string;
}

/**
 * Reads a table of docs/pm2.md.
 * @param title heading above it
 * @returns its rows
 */
export function pm2Rows(title: string): readonly Pm2Row[] {
  const page = readFileSync(new URL('../../docs/pm2.md', import.meta.url), 'utf8');
  const [, part = ''] = page.split(`\n## ${title}\n`);
  const [section = ''] = part.split('\n## ');
  const lines = section.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, words = '', verdict = '', here = '', note = ''] = cells;
    return { words: codeIn(words), verdict, here: codeIn(here)[0] ?? null, note };
  });
}

function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

/** The words of a real PM2: test/contract/make-pm2-words.mjs. */
export interface Pm2Words {
  readonly commands: readonly string[];
  readonly flags: readonly string[];
  readonly flagsOfCommands: Readonly<Record<string, readonly string[]>>;
}

export function pm2Words(): Pm2Words {
  return JSON.parse(readFileSync(new URL('../contract/golden/pm2-words.json', import.meta.url), 'utf8')) as Pm2Words;
}
