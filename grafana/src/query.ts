import { DataqueryBuilder as LokiQuery } from '@grafana/grafana-foundation-sdk/loki';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

export const PROMETHEUS = { type: 'prometheus', uid: '${datasource}' } as const;
export const LOKI = { type: 'loki', uid: '${loki}' } as const;

/** Matchers of the variables, from wide to narrow. */
export const HOSTS = 'job=~"$job", instance=~"$instance"';
export const NAMESPACES = `${HOSTS}, namespace=~"$namespace"`;
export const APP = `${NAMESPACES}, app=~"$app"`;
export const INSTANCES = `${APP}, instance_id=~"$instance_id"`;

/** Ends that nobody asked for and no schedule caused. */
export const CRASHES =
  'reason=~"error_code|uncaught|heap_oom|kernel_oom|signal|ready_timeout|memory_limit|spawn_failed|host_lost|unknown"';

export interface Query {
  /** PromQL with Grafana's variables. */
  readonly expr: string;
  /** Name of the series, with `{{label}}` in it. */
  readonly legend: string;
}

const REF_IDS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The id that Grafana gives to the n-th query of a panel. */
export function refId(index: number): string {
  return REF_IDS.charAt(index);
}

export function overTime({ expr, legend }: Query, index: number): DataqueryBuilder {
  return query(expr, index).legendFormat(legend).range();
}

/** Asked once, for the end of the time range. */
export function now({ expr, legend }: Query, index: number): DataqueryBuilder {
  return query(expr, index).legendFormat(legend).instant();
}

/** Asked once; each series is a row, each label a column. */
export function rows(expr: string, index: number): DataqueryBuilder {
  return query(expr, index).format(PromQueryFormat.Table).instant();
}

export function logLines(expr: string): LokiQuery {
  return new LokiQuery().datasource(LOKI).refId('A').expr(expr).queryType('range').maxLines(500);
}

/** Part of `errors` in `all`, 0 without errors; no value while there is nothing at all. */
export function ratioOf(errors: string, all: string): string {
  return `((${errors}) or 0 * (${all})) / (${all}) >= 0`;
}

/**
 * Events of a counter by one label, without the values that never came in the time range; 0 where they did not come
 * now, as bars are as wide as the smallest gap between two points.
 */
export function events(selector: string, by: string): string {
  const sum = (range: string) => `sum by (${by}) (increase(${selector}[${range}]))`;
  return `${sum('$__rate_interval')} and ${sum('$__range')} > 0`;
}

/** A quantile of a histogram's rate; no value while nothing was observed. */
export function quantile(q: number, bucketSelector: string, by: readonly string[] = []): string {
  const labels = ['le', ...by].join(', ');
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${bucketSelector}[$__rate_interval]))) >= 0`;
}

function query(expr: string, index: number): DataqueryBuilder {
  return new DataqueryBuilder().datasource(PROMETHEUS).refId(refId(index)).expr(expr);
}
