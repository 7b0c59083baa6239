import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId, type Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as LogsPanel } from '@grafana/grafana-foundation-sdk/logs';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { LOKI, logLines, now, overTime, PROMETHEUS, type Query } from './query.ts';
import { NEUTRAL, type Steps, thresholds } from './thresholds.ts';

/** What every panel says of itself. */
export interface Facts {
  readonly title: string;
  /** What is seen, and what to think of it. */
  readonly description: string;
  /** Grafana's name of the unit, as `bytes`, `s`, `percentunit`. */
  readonly unit: string;
  readonly steps: Steps;
}

export interface StatFacts extends Facts {
  readonly expr: string;
  readonly decimals?: number;
  /** What stands there when there is no series. */
  readonly noValue?: string;
  /** The series is named by it, and the name is shown in place of the value. */
  readonly named?: string;
}

export interface GraphFacts extends Facts {
  readonly queries: readonly Query[];
  /**
   * `lines` for what is measured, `areas` for parts of a sum, `bars` for events, `points` for figures of events,
   * `steps` for counts that jump.
   */
  readonly as?: 'lines' | 'areas' | 'bars' | 'points' | 'steps';
  /** Colours by the name of a series. */
  readonly colors?: Readonly<Record<string, string>>;
  readonly decimals?: number;
  readonly max?: number;
  /** The axis goes up to it even where all values are small or 0. */
  readonly softMax?: number;
  /** Series that are limits of the others: dashed red lines. */
  readonly limits?: readonly string[];
  /** No lines for the thresholds, where they would lie on the values. */
  readonly plain?: boolean;
  /** `list` under the graph for few series; `table` beside it, with their newest and highest values, for many. */
  readonly legend?: 'list' | 'table';
}

/** One number, with its history behind it. */
export function stat({ title, description, unit, steps, expr, decimals, noValue = '–', named }: StatFacts): Panel {
  const panel = new StatPanel()
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .unit(unit)
    .thresholds(thresholds(steps))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .colorMode(steps === NEUTRAL ? BigValueColorMode.Value : BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .textMode(named === undefined ? BigValueTextMode.Value : BigValueTextMode.Name)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .noValue(noValue)
    .withTarget(now({ expr, legend: named ?? title }, 0));
  return (decimals === undefined ? panel : panel.decimals(decimals)).build();
}

/** A figure over time. */
export function graph({ title, description, unit, steps, queries, as = 'lines', ...more }: GraphFacts): Panel {
  const panel = new TimeseriesPanel()
    .title(title)
    .description(description)
    .datasource(PROMETHEUS)
    .unit(unit)
    .min(0)
    .thresholds(thresholds(steps))
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        steps.length > 1 && more.plain !== true ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off,
      ),
    )
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .legend(legendOf(more.legend ?? 'list'))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .showPoints(VisibilityMode.Auto)
    .spanNulls(false);
  drawAs(panel, as);
  if (more.legend === 'table' && as === 'lines') panel.fillOpacity(0);
  for (const [index, query] of queries.entries()) panel.withTarget(overTime(query, index));
  if (more.decimals !== undefined) panel.decimals(more.decimals);
  if (more.max !== undefined) panel.max(more.max);
  if (more.softMax !== undefined) panel.axisSoftMax(more.softMax);
  for (const [name, color] of Object.entries(more.colors ?? {})) {
    panel.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
  }
  for (const name of more.limits ?? []) {
    panel.overrideByName(name, [
      { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
    ]);
  }
  return panel.build();
}

function legendOf(kind: NonNullable<GraphFacts['legend']>): VizLegendOptionsBuilder {
  const legend = new VizLegendOptionsBuilder().showLegend(true);
  if (kind === 'list') return legend.displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).calcs([]);
  return legend.displayMode(LegendDisplayMode.Table).placement(LegendPlacement.Right).calcs(['lastNotNull', 'max']);
}

function drawAs(panel: TimeseriesPanel, as: NonNullable<GraphFacts['as']>): void {
  const stacked = new StackingConfigBuilder().mode(StackingMode.Normal).group('A');
  switch (as) {
    case 'lines':
      panel.drawStyle(GraphDrawStyle.Line).lineWidth(1).fillOpacity(8);
      break;
    case 'steps':
      panel.drawStyle(GraphDrawStyle.Line).lineInterpolation(LineInterpolation.StepAfter).lineWidth(1).fillOpacity(8);
      break;
    case 'areas':
      panel.drawStyle(GraphDrawStyle.Line).lineWidth(1).fillOpacity(45).stacking(stacked);
      break;
    case 'points':
      panel.drawStyle(GraphDrawStyle.Points).pointSize(8).interval('1m');
      break;
    case 'bars':
      // A minute a bar, or events of one scrape would be bars too thin to see.
      panel.drawStyle(GraphDrawStyle.Bars).lineWidth(0).fillOpacity(80).stacking(stacked).interval('1m');
      break;
    default:
      as satisfies never;
  }
}

/** Lines out of Loki. */
export function logs({ title, description, expr }: { title: string; description: string; expr: string }): Panel {
  return new LogsPanel()
    .title(title)
    .description(description)
    .datasource(LOKI)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .unit('short')
    .thresholds(thresholds(NEUTRAL))
    .withTarget(logLines(expr))
    .build();
}
