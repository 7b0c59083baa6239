import { json, type Reply, type Routes } from '../api/server.ts';
import { VERSION } from '../base/version.ts';
import { renderPage } from '../web/page.ts';
import type { Figures } from './figures.ts';
import { jlistReply, type RoutesOptions } from './routes.ts';
import { instanceView } from './views.ts';

/**
 * The routes of the TCP listener: read only, and without environment values unless the settings show them.
 * @param options the daemon's parts
 * @param figures what is measured
 * @param exposeEnv `http.expose_env`
 */
export function publicRoutes(options: RoutesOptions, figures: Figures, exposeEnv: boolean): Routes {
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
    '/metrics': get(() => figures.render()),
    '/jlist': get(() => jlistReply(options, exposeEnv)),
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
