import { hostname } from 'node:os';
import path from 'node:path';
import type { LokiAppView, LokiStatusView, LokiTestView } from '../api/loki-views.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, PromvisorError } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import type { LokiSettings } from '../config/loki-settings.ts';
import { NO_SHIPPING, type ShipGuard } from '../logs/keeper.ts';
import type { Lane } from '../logs/ship/lane.ts';
import type { Shipping } from '../logs/ship/start.ts';
import type { LokiSource } from '../metrics/loki-metrics.ts';
import type { Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';
import { shipSources } from './ship-sources.ts';

export interface LokiOptions {
  /** Null when nothing is shipped. */
  readonly settings: LokiSettings | null;
  readonly home: Home;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly instances: () => readonly Instance[];
}

/** The daemon's side of the shipper. */
export interface Loki {
  status(): LokiStatusView;
  /** @throws PromvisorError NOT_SUPPORTED when nothing is shipped */
  test(): Promise<LokiTestView>;
  /** For /metrics; null when nothing is shipped. */
  figures(): LokiSource | null;
  /** For who deletes rolled files. */
  guard(): ShipGuard;
  /** Ships what is there, for a bounded time. */
  close(): Promise<void>;
}

/** How long the end of the daemon may wait for Loki; the rest is shipped by the next one. */
const FLUSH_MS = 2000;

/**
 * Starts to ship, where the settings say so.
 * @param options where to, and whose lines
 * @throws PromvisorError SETTINGS_INVALID when the TLS files cannot be used
 */
export async function startLoki(options: LokiOptions): Promise<Loki> {
  const { settings } = options;
  if (settings === null) return NO_LOKI;
  const shipping = await start(settings, options);
  options.log.info({ url: shipping.url }, 'logs are shipped');
  return lokiOf(shipping, options.clock);
}

async function start(settings: LokiSettings, { home, clock, log, instances }: LokiOptions): Promise<Shipping> {
  const { apps, labels, structuredMetadata, ...rest } = settings;
  const wants = (app: string) => apps === null || apps.includes(app);
  const { startShipping } = await import('../logs/ship/start.ts');
  try {
    return await startShipping(rest, {
      clock,
      folder: path.join(home.root, 'loki'),
      labels: { host: hostname(), ...labels },
      bytesPerSecond: rest.bytesPerSecond,
      maxAgeMs: rest.maxAgeMs,
      metadata: structuredMetadata,
      instanceLabel: rest.instanceLabel,
      sources: () => shipSources(instances(), wants),
      wants,
      onProblem: (problem) => log.warn({ problem }, 'shipping to Loki'),
    });
  } catch (error) {
    throw new PromvisorError('SETTINGS_INVALID', `loki.tls_ca, loki.tls_cert, loki.tls_key: ${messageOf(error)}`);
  }
}

function lokiOf({ url, shipper, test }: Shipping, clock: Clock): Loki {
  const { figures } = shipper;
  return {
    status() {
      const lanes = shipper.backlog();
      const { lastSuccessMs, lastError, sentEntries, sentBytes, retries, droppedEntries } = figures;
      return {
        enabled: true,
        url,
        lagSeconds: shipper.lagSeconds(),
        pendingBytes: lanes.reduce((sum, lane) => sum + pendingOf(lane), 0),
        lastSuccessMs,
        lastError,
        sentEntries,
        sentBytes,
        retries,
        dropped: droppedEntries,
        apps: appViews(lanes),
      };
    },
    async test() {
      const { answer, ...rest } = await test();
      const ok = answer.type === 'http' && answer.status >= 200 && answer.status < 300;
      if (answer.type === 'failed') return { url, ok, status: null, body: '', error: answer.message, ...rest };
      return { url, ok, status: answer.status, body: answer.body, error: null, ...rest };
    },
    figures() {
      const pending = shipper.backlog().map((lane) => ({ ...lane.name, stream: lane.stream, bytes: pendingOf(lane) }));
      return { ...figures, pending, lagSeconds: shipper.lagSeconds() };
    },
    guard: () => ({ mayDelete: shipper.isShipped, shippedBytes: () => 0, giveUp: shipper.giveUp }),
    close: () => shipper.close(FLUSH_MS),
  };

  function appViews(lanes: readonly Lane[]): readonly LokiAppView[] {
    const names = new Map(
      [...lanes.map(({ name }) => name), ...figures.apps.values()].map((name) => [keyOf(name), name]),
    );
    return [...names].map(([key, { app, namespace }]) => {
      const own = lanes.filter(({ name }) => keyOf(name) === key);
      const oldest = own.flatMap(({ oldestMs }) => (oldestMs === null ? [] : [oldestMs]));
      const sent = figures.apps.get(key);
      return {
        app,
        namespace,
        lagSeconds: oldest.length === 0 ? 0 : Math.max(0, (clock.wallMs() - Math.min(...oldest)) / 1000),
        pendingBytes: own.reduce((sum, lane) => sum + pendingOf(lane), 0),
        sentEntries: sent?.sentEntries ?? 0,
        sentBytes: sent?.sentBytes ?? 0,
        dropped: sent?.droppedEntries ?? {},
      };
    });
  }
}

function keyOf({ app, namespace }: { readonly app: string; readonly namespace: string }): string {
  return `${namespace}/${app}`;
}

function pendingOf({ files }: Lane): number {
  return files.reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
}

const NO_LOKI: Loki = {
  status: () => ({
    enabled: false,
    url: null,
    lagSeconds: 0,
    pendingBytes: 0,
    lastSuccessMs: null,
    lastError: null,
    sentEntries: 0,
    sentBytes: 0,
    retries: {},
    dropped: {},
    apps: [],
  }),
  test: () =>
    Promise.reject(new PromvisorError('NOT_SUPPORTED', 'nothing is shipped: the setting loki.url is not set')),
  figures: () => null,
  guard: () => NO_SHIPPING,
  close: () => Promise.resolve(),
};
