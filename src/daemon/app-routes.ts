import { json, type Reply, type RequestContext, type Routes } from '../api/server.ts';
import type { Clock } from '../base/clock.ts';
import { PromvisorError } from '../base/errors.ts';
import { renderAppPage } from '../metrics/app-page.ts';
import { CONTENT_TYPES, formatFor } from '../metrics/format.ts';
import type { Figures } from './figures.ts';
import type { Fleet } from './fleet.ts';
import { appKey, type Instance } from './instance.ts';
import type { Telemetry } from './telemetry.ts';

const PAGES = '/metrics/apps/';
/** As an HTTP client names where it has sent its request: RFC 9110, 7.2. */
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

export interface AppRoutesOptions {
  readonly fleet: Fleet;
  readonly telemetry: Telemetry;
  readonly figures: Figures;
  readonly clock: Clock;
  readonly address: () => string | null;
}

/**
 * The pages of the apps' own metrics, and the list of them for Prometheus.
 * @param options the daemon's parts
 */
export function appRoutes(options: AppRoutesOptions): Routes {
  return {
    [`${PAGES}*`]: { method: 'GET', reply: (request) => appPage(request, options) },
    '/sd': { method: 'GET', reply: (request) => targets(request, options) },
  };
}

async function appPage({ rest, query, headers }: RequestContext, options: AppRoutesOptions): Promise<Reply> {
  const { telemetry, figures, clock } = options;
  const startMs = clock.nowMs();
  const by = query.get('by');
  if (by !== null && by !== 'instance') {
    throw new PromvisorError('REQUEST_INVALID', `by: expected "instance", got ${JSON.stringify(by)}`);
  }
  const { key, name } = oneApp(rest, query.get('namespace'), options.fleet);
  await telemetry.pullApp(key);
  const format = formatFor(headers.accept);
  const families = telemetry.app(key)?.families(by === 'instance', mainsOf(options.fleet.ofApp(key))) ?? [];
  const { body, series } = renderAppPage(families, format);
  figures.countScrape({
    page: 'apps',
    app: key,
    durationMs: clock.nowMs() - startMs,
    bytes: body.reduce((sum, { length }) => sum + length, 0),
    series,
    example: { app: name.slice(0, 64) },
  });
  return { contentType: CONTENT_TYPES[format], body };
}

function mainsOf(instances: readonly Instance[]): ReadonlyMap<number, number> {
  return new Map(instances.map(({ id, process }) => [id, process?.generation ?? -1]));
}

function oneApp(name: string, namespace: string | null, fleet: Fleet): { readonly key: string; readonly name: string } {
  const ofName = fleet.all().filter(({ spec }) => spec.name === name);
  const meant = ofName.filter(({ spec }) => namespace === null || spec.namespace === namespace);
  const keys = [...new Set(meant.map(({ spec }) => appKey(spec)))];
  const [key] = keys;
  if (key === undefined) {
    const where = namespace === null ? '' : ` in namespace ${JSON.stringify(namespace)}`;
    throw new PromvisorError('NOT_FOUND', `no app ${JSON.stringify(name)}${where}`, { details: { app: name } });
  }
  if (keys.length > 1) {
    const namespaces = [...new Set(meant.map(({ spec }) => spec.namespace))];
    const message = `app ${JSON.stringify(name)}: expected ?namespace= with one of ${namespaces.join(', ')}, as several apps have this name`;
    throw new PromvisorError('REQUEST_INVALID', message, { details: { namespaces } });
  }
  return { key, name };
}

/** https://prometheus.io/docs/prometheus/latest/http_sd/ */
async function targets({ headers }: RequestContext, options: AppRoutesOptions): Promise<Reply> {
  const { host } = headers;
  const target = host !== undefined && HOST.test(host) ? host : options.address();
  if (target === null) return json([]);
  const keys = await options.telemetry.appsWithMetrics();
  return json(
    keys.flatMap((key) => {
      const spec = options.fleet.ofApp(key)[0]?.spec;
      if (spec === undefined) return [];
      const { name, namespace } = spec;
      const labels = { __metrics_path__: `${PAGES}${name}`, __param_namespace: namespace, app: name, namespace };
      return [{ targets: [target], labels }];
    }),
  );
}
