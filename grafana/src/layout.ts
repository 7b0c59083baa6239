import { type Panel, RowBuilder, type RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';

const COLUMNS = 24;

/** A panel and its size in units of the grid, which is 24 wide. */
export interface Placed {
  readonly panel: Panel;
  readonly width: number;
  readonly height: number;
}

export interface Section {
  /** Heading; the first section may have none. */
  readonly title: string | null;
  /** Closed until someone opens it, and asked for no figures until then. */
  readonly collapsed?: boolean;
  readonly panels: readonly Placed[];
}

/** Panels of one size. */
export function sized(width: number, height: number, panels: readonly Panel[]): Placed[] {
  return panels.map((panel) => ({ panel, width, height }));
}

/**
 * Puts panels into lines from left to right and numbers them.
 * @param sections from top to bottom
 * @returns the panels of a dashboard, rows of it included
 */
export function layOut(sections: readonly Section[]): (Panel | RowPanel)[] {
  let id = 0;
  let y = 0;
  return sections.flatMap(({ title, collapsed = false, panels }): (Panel | RowPanel)[] => {
    const row =
      title === null
        ? []
        : [new RowBuilder(title).collapsed(collapsed).id(++id).gridPos({ h: 1, w: COLUMNS, x: 0, y: y++ }).build()];
    let x = 0;
    let lineHeight = 0;
    const placed = panels.map(({ panel, width, height }) => {
      if (x + width > COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      const gridPos = { h: height, w: width, x, y };
      x += width;
      lineHeight = Math.max(lineHeight, height);
      return { ...panel, id: ++id, gridPos };
    });
    y += lineHeight;
    const [heading] = row;
    return collapsed && heading !== undefined ? [{ ...heading, panels: placed }] : [...row, ...placed];
  });
}
