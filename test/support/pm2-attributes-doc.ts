import { readFileSync } from 'node:fs';

/** One row of a table in docs/pm2-attributes.md. */
export interface AttributeRow {
  readonly key: string;
  /** Other names of it, without those in camelCase. */
  readonly aliases: readonly string[];
  readonly cells: readonly string[];
}

const PAGE = readFileSync(new URL('../../docs/pm2-attributes.md', import.meta.url), 'utf8');

/**
 * Reads the table below a heading of docs/pm2-attributes.md.
 * @param heading its text
 */
export function attributeRows(heading = 'Attributes'): readonly AttributeRow[] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [key = '', ...cells] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      const aliases = [...(cells[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      return { key: key.replaceAll('`', ''), aliases, cells };
    });
}
