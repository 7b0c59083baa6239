import type { Route } from '../api/server.ts';
import { PromvisorError } from '../base/errors.ts';
import { PM2_FLAVOURS, type Pm2Flavour, type Pm2Runtime, pm2Text } from '../metrics/pm2-page.ts';
import { createRecentWindow, type RecentWindow } from '../metrics/recent-requests.ts';
import type { FleetSource } from '../metrics/source.ts';
import { jlistSource, type RoutesOptions } from './routes.ts';

/**
 * `/metrics/pm2`: what an exporter for PM2 would show, for dashboards that were made for one.
 * @param options the daemon's parts
 * @param agents what the processes say of themselves
 */
export function pm2Route({ fleet, look, clock }: RoutesOptions, agents: FleetSource['agents']): Route {
  const recent = createRecentWindow();
  return {
    method: 'GET',
    async reply({ query }) {
      const flavour = flavourOf(query.get('flavour'));
      const instances = fleet.all();
      await Promise.all([agents.pull(), look(instances)]);
      recent.keepOnly(new Set(instances.map(({ id }) => id)));
      const sources = instances.map((instance) => ({
        ...jlistSource(instance, clock),
        runtime: runtimeOf(agents.of(instance.id), (rows) => recent.take(instance.id, rows, clock.nowMs())),
      }));
      const body = pm2Text(sources, { flavour, nowMs: clock.wallMs() });
      return { contentType: 'text/plain; version=0.0.4; charset=utf-8', body };
    },
  };
}

function flavourOf(wanted: string | null): Pm2Flavour {
  const flavour = PM2_FLAVOURS.find((name) => name === (wanted ?? PM2_FLAVOURS[0]));
  if (flavour !== undefined) return flavour;
  throw new PromvisorError('REQUEST_INVALID', `flavour: expected ${PM2_FLAVOURS.join(' or ')}, got "${wanted}"`);
}

type Agent = ReturnType<FleetSource['agents']['of']>;
type Rows = Parameters<RecentWindow['take']>[1];

function runtimeOf(agent: Agent, recentOf: (rows: Rows) => Pm2Runtime['http']): Pm2Runtime | null {
  const runtime = agent?.up === true ? agent.figures?.runtime : null;
  if (agent === null || runtime === null || runtime === undefined) return null;
  const { heapUsedBytes, heapTotalBytes, handles, requests, lag, lagSeconds } = runtime;
  return {
    heapUsedBytes,
    heapTotalBytes,
    activeHandles: Object.values(handles).reduce((sum, count) => sum + count, 0),
    activeRequests: requests,
    // An idle loop is not watched: how late this answer was stands for all.
    loopDelay: lag ?? { p50Seconds: lagSeconds, p95Seconds: lagSeconds },
    http: recentOf(agent.account.totals()),
  };
}
