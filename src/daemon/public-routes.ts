import { json, type Reply, type Routes } from '../api/server.ts';
import { VERSION } from '../base/version.ts';
import type { Settings } from '../config/settings.ts';
import type { FleetSource } from '../metrics/source.ts';
import { renderPage } from '../web/page.ts';
import type { Figures } from './figures.ts';
import { pm2Route } from './pm2-route.ts';
import { jlistReply, type RoutesOptions } from './routes.ts';
import { instanceView } from './views.ts';

export interface PublicOptions {
  readonly http: Settings['http'];
  /** The pages of the apps' own metrics. */
  readonly apps: Routes;
  /** What the processes say of themselves. */
  readonly agents: FleetSource['agents'];
}

/**
 * The routes of the TCP listener: read only, and without environment values unless the settings show them.
 * @param options the daemon's parts
 * @param figures what is measured
 * @param more what of it the settings show, and the pages of the apps' own metrics
 */
export function publicRoutes(options: RoutesOptions, figures: Figures, { http, apps, agents }: PublicOptions): Routes {
  const get = (reply: () => Reply | Promise<Reply>) => ({ method: 'GET' as const, reply });
  return {
    '/': get(() => {
      const { html, contentSecurityPolicy } = renderPage();
      return {
        contentType: 'text/html; charset=utf-8',
        body: html,
        headers: { 'Content-Security-Policy': contentSecurityPolicy, 'X-Content-Type-Options': 'nosniff' },
      };
    }),
    '/instances.json': get(async () => {
      const instances = options.fleet.all();
      await options.look(instances);
      const views = instances.map((instance) => instanceView(instance, options.views));
      return json({ version: VERSION, http: options.http(), instances: views });
    }),
    '/metrics': { method: 'GET', reply: (request) => figures.render(request) },
    ...(http.pm2Metrics ? { '/metrics/pm2': pm2Route(options, agents) } : {}),
    ...apps,
    '/jlist': get(() => jlistReply(options, http.exposeEnv)),
    '/healthz': get(() => text('ok\n')),
    '/readyz': get(() => readiness(options)),
  };
}

function text(body: string, status = 200): Reply {
  return { contentType: 'text/plain; charset=utf-8', body, status };
}

/** Ready means that every instance that is wanted up is up. */
function readiness({ fleet }: RoutesOptions): Reply {
  const waiting = fleet.all().filter(({ state }) => {
    const { status } = state.phase;
    return status === 'starting' || status === 'backoff' || status === 'fatal';
  });
  if (waiting.length === 0) return text('ready\n');
  return text(
    `${waiting.map(({ id, spec, state }) => `${spec.name}[${id}]: ${state.phase.status}`).join('\n')}\n`,
    503,
  );
}
