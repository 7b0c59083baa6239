import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parser as logql } from '@grafana/lezer-logql';
import { parser as promql } from '@prometheus-io/lezer-promql';

const FOLDER = fileURLToPath(new URL('../../grafana/dashboards/', import.meta.url));

interface TargetJson {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  readonly datasource: { readonly type: string; readonly uid: string };
}

interface Threshold {
  readonly value: number | null;
  readonly color: string;
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly TargetJson[];
  readonly panels?: readonly PanelJson[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly thresholds?: { readonly steps: readonly Threshold[] } };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly refresh?: number;
  readonly datasource?: { readonly uid: string };
  readonly query?: string | { readonly query?: string };
}

export interface DashboardJson {
  readonly id: number | null;
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly editable: boolean;
  readonly schemaVersion: number;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly links: readonly { readonly url: string; readonly includeVars: boolean; readonly keepTime: boolean }[];
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly expr?: string; readonly textFormat?: string }[];
  };
}

/** The committed files, by name. */
export function readDashboards(): ReadonlyMap<string, DashboardJson> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [name, JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as DashboardJson]));
}

/** Path of a committed file. */
export function dashboardFile(name: string): string {
  return `${FOLDER}${name}`;
}

/** Panels with something in them: rows are opened. */
export function panelsOf({ panels }: { readonly panels: readonly PanelJson[] }): PanelJson[] {
  return panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
}

/** The queries of a panel for one kind of data source. */
export function targetsOf(panel: PanelJson, type: 'prometheus' | 'loki'): readonly TargetJson[] {
  return (panel.targets ?? []).filter(({ datasource }) => datasource.type === type);
}

/** A series selector of a PromQL query, and where it stands. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly op: string; readonly value: string }[];
  /** Of `[5m]`; null outside of one. */
  readonly range: string | null;
  /** The function whose argument it is, innermost first. */
  readonly functions: readonly string[];
  /** Labels that aggregations around it keep. */
  readonly groupedBy: readonly string[];
}

/** Durations that stand for Grafana's variables of time. */
function withoutVariables(expr: string, duration = '5m'): string {
  return expr.replaceAll(/\$__(rate_interval|interval|range)/g, duration);
}

/**
 * Selectors of a PromQL query.
 * @param expr with Grafana's variables in it
 * @throws Error where it is no PromQL
 */
export function selectorsOf(expr: string): Selector[] {
  const text = expr
    .replaceAll('$__rate_interval', '11s')
    .replaceAll('$__interval', '12s')
    .replaceAll('$__range', '13s');
  const names = { '11s': '$__rate_interval', '12s': '$__interval', '13s': '$__range' } as Record<string, string>;
  const found: Selector[] = [];
  promql.parse(text).iterate({
    enter(ref) {
      if (ref.type.isError)
        throw new Error(`no PromQL at ${ref.from}: ${text.slice(ref.from - 20, ref.to + 20)}\n${text}`);
      if (ref.name !== 'VectorSelector') return;
      const { node } = ref;
      const functions: string[] = [];
      const groupedBy: string[] = [];
      let range: string | null = null;
      for (let above = node.parent; above !== null; above = above.parent) {
        const part = (name: string) => above?.getChild(name) ?? null;
        if (above.name === 'MatrixSelector') {
          const duration = part('DurationExpr') ?? part('NumberDurationLiteralInDurationContext');
          const written = text.slice(duration?.from ?? 0, duration?.to ?? 0);
          range = names[written] ?? written;
        }
        const called = part('FunctionIdentifier');
        if (above.name === 'FunctionCall' && called !== null) functions.push(text.slice(called.from, called.to));
        const labels = part('AggregateModifier')?.getChild('GroupingLabels')?.getChildren('LabelName') ?? [];
        groupedBy.push(...labels.map(({ from, to }) => text.slice(from, to)));
      }
      const name = node.getChild('Identifier');
      const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
      found.push({
        metric: text.slice(name?.from ?? 0, name?.to ?? 0),
        matchers: matchers.map((matcher) => {
          const [, label = '', op = '', value = ''] =
            /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(text.slice(matcher.from, matcher.to)) ?? [];
          return { label, op, value };
        }),
        range,
        functions,
        groupedBy,
      });
    },
  });
  return found;
}

/** @throws Error where it is no LogQL */
export function expectLogql(expr: string): void {
  logql.parse(withoutVariables(expr)).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`no LogQL at ${from}: ${expr.slice(from - 20, to + 20)}\n${expr}`);
    },
  });
}
