import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PROMETHEUS, refId, rows } from './query.ts';
import { NEUTRAL, type Steps, thresholds } from './thresholds.ts';

/** A column: a label of the queries, or the value of one (with `expr`). */
export interface Column {
  readonly name: string;
  /** The label whose values stand in it. */
  readonly label?: string;
  /** PromQL; its value stands in the column, unless a label of it does. */
  readonly expr?: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly steps?: Steps;
  readonly width?: number;
  /** `bar` for parts of a whole, `cell` where the colour of the thresholds should catch the eye. */
  readonly as?: 'text' | 'bar' | 'cell';
  /** Colours of words. */
  readonly words?: Readonly<Record<string, string>>;
  readonly link?: { readonly title: string; readonly url: string };
}

export interface TableFacts {
  readonly title: string;
  readonly description: string;
  readonly columns: readonly Column[];
  /** Column by which rows are sorted at first, highest first when `descending`. */
  readonly sortBy: { readonly column: string; readonly descending: boolean };
  readonly noValue?: string;
}

/**
 * A table of instant queries: rows are joined by the labels that all queries have.
 * @param facts columns from left to right; a query's labels that are no column are hidden
 */
export function table({ title, description, columns, sortBy, noValue = '' }: TableFacts): Panel {
  const asked = columns.filter((column) => column.expr !== undefined);
  const single = asked.length === 1;
  const fieldOf = (column: Column): string => {
    if (column.label !== undefined) return column.label;
    return single ? 'Value' : `Value #${refId(asked.indexOf(column))}`;
  };
  const shown = columns.map(fieldOf);
  const hidden = ['Time', ...asked.map((_, index) => (single ? 'Value' : `Value #${refId(index)}`))];
  const panel = new TablePanel()
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .unit('short')
    .thresholds(thresholds(NEUTRAL))
    .noValue(noValue)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortBy.column).desc(sortBy.descending)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(
          hidden.filter((field) => !shown.includes(field)).map((field) => [field, true]),
        ),
        indexByName: Object.fromEntries(shown.map((field, index) => [field, index])),
        renameByName: Object.fromEntries(columns.map((column) => [fieldOf(column), column.name])),
      },
    });
  for (const [index, { expr }] of asked.entries()) panel.withTarget(rows(expr ?? '', index));
  for (const column of columns) panel.overrideByName(column.name, look(column));
  return panel.build();
}

function look({ unit, decimals, steps, width, as = 'text', words, link }: Column): DynamicConfigValue[] {
  // An empty cell stays empty: the panel's own word is for a table without rows.
  const properties: DynamicConfigValue[] = [{ id: 'noValue', value: '' }];
  if (unit !== undefined) properties.push({ id: 'unit', value: unit });
  if (decimals !== undefined) properties.push({ id: 'decimals', value: decimals });
  if (width !== undefined) properties.push({ id: 'custom.width', value: width });
  if (steps !== undefined) {
    properties.push({ id: 'thresholds', value: thresholds(steps).build() });
    properties.push({ id: 'color', value: { mode: 'thresholds' } });
  }
  if (as === 'bar') {
    properties.push({ id: 'min', value: 0 }, { id: 'max', value: 1 });
    properties.push({ id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } });
  }
  if (as === 'cell') properties.push({ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } });
  if (words !== undefined) {
    const options = Object.entries(words).map(([word, color], index) => [word, { color, index }] as const);
    properties.push({ id: 'mappings', value: [{ type: 'value', options: Object.fromEntries(options) }] });
    if (as === 'text') properties.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
  }
  if (link !== undefined) properties.push({ id: 'links', value: [link] });
  return properties;
}
