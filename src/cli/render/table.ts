import type { Paint, Style } from './style.ts';
import { cut, pad, widthOf } from './text.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style | null;
}

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Columns with the highest number go first when there is no room; 0 stays to the last. */
  readonly rank: number;
  /** Least width to which the column may be cut; its own width when absent. */
  readonly least?: number;
  readonly cell: (row: Row) => Cell;
}

export interface TableOptions<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Columns of the terminal that no line may pass. */
  readonly width: number;
  readonly paint: Paint;
}

interface Laid {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly rank: number;
  readonly least: number;
  readonly cells: readonly Cell[];
  /** Of each cell. */
  readonly widths: readonly number[];
  width: number;
}

/** `│ ` before each cell and ` ` after it. */
const CELL_FRAME = 3;

/**
 * Draws a box table that fits a width: wide columns are cut as far as they allow, then whole columns are left out.
 * @param options columns, rows, width and painter; cell texts without controls
 * @returns its lines
 */
export function drawTable<Row>(options: TableOptions<Row>): string[] {
  const laid = fitWidth(
    options.columns.map((column) => lay(column, options.rows)),
    options.width,
  );
  const bars = laid.map(({ width }) => '─'.repeat(width + 2));
  const line = (cells: readonly string[]) => `│${cells.map((cell) => ` ${cell} `).join('│')}│`;
  const lines = [
    `┌${bars.join('┬')}┐`,
    line(laid.map(({ title, width, align }) => options.paint('bold', pad(cut(title, width), width, align)))),
    `├${bars.join('┼')}┤`,
  ];
  for (let index = 0; index < options.rows.length; index++) {
    lines.push(line(laid.map((column) => drawCell(column, index, options.paint))));
  }
  lines.push(`└${bars.join('┴')}┘`);
  return lines;
}

function lay<Row>(column: Column<Row>, rows: readonly Row[]): Laid {
  const cells = rows.map(column.cell);
  const widths = cells.map(({ text }) => widthOf(text));
  const width = widths.reduce((widest, each) => Math.max(widest, each), widthOf(column.title));
  const least = Math.min(width, column.least ?? width);
  return { title: column.title, align: column.align ?? 'left', rank: column.rank, cells, widths, width, least };
}

function drawCell({ cells, widths, width, align }: Laid, index: number, paint: Paint): string {
  const { text, style = null } = cells[index] ?? { text: '' };
  const own = widths[index] ?? 0;
  if (own > width) return paint(style, pad(cut(text, width), width, align));
  const blanks = ' '.repeat(width - own);
  return paint(style, align === 'left' ? text + blanks : blanks + text);
}

function fitWidth(columns: readonly Laid[], width: number): Laid[] {
  const kept = [...columns];
  while (kept.length > 1 && missing(kept, width) > slack(kept)) kept.splice(leastImportant(kept), 1);
  for (let over = missing(kept, width); over > 0; over--) {
    const widest = widestOf(kept.filter((column) => column.width > column.least)) ?? widestOf(kept);
    if (widest === null || widest.width <= 1) break;
    widest.width--;
  }
  return kept;
}

function missing(columns: readonly Laid[], width: number): number {
  return columns.reduce((sum, column) => sum + column.width + CELL_FRAME, 1) - width;
}

function slack(columns: readonly Laid[]): number {
  return columns.reduce((sum, column) => sum + column.width - column.least, 0);
}

function leastImportant(columns: readonly Laid[]): number {
  return columns.reduce((found, column, index) => (column.rank > (columns[found]?.rank ?? 0) ? index : found), 0);
}

function widestOf(columns: readonly Laid[]): Laid | null {
  return columns.reduce<Laid | null>((widest, column) => (column.width > (widest?.width ?? 0) ? column : widest), null);
}
