import type { AgentTelemetry } from '../../src/base/agent-telemetry.ts';
import { createAgentAccount } from '../../src/metrics/agent-account.ts';
import { readFigures } from '../../src/metrics/agent-figures.ts';
import type { AgentSource } from '../../src/metrics/agent-metrics.ts';

/**
 * An answer to `telemetry` that has something of everything.
 * @param changes what the test is about
 */
export function fullTelemetry(changes: Partial<AgentTelemetry> = {}): AgentTelemetry {
  return {
    taken: 1,
    runtime: {
      nodeVersion: 'v20.19.1',
      startTimeSeconds: 1_700_000_000,
      rssBytes: 5e7,
      heapUsedBytes: 1e7,
      heapTotalBytes: 2e7,
      heapLimitBytes: 4e9,
      externalBytes: 1e6,
      heapSpaces: [
        ['new', 3, 1, 2],
        ['old', 30, 10, 20],
      ],
      handles: { Server: 1, Socket: 2 },
      requests: 0,
      lagSeconds: 0.001,
      lag: {
        minSeconds: 0.01,
        maxSeconds: 0.03,
        meanSeconds: 0.02,
        stddevSeconds: 0.001,
        p50Seconds: 0.02,
        p90Seconds: 0.025,
        p95Seconds: 0.028,
        p99Seconds: 0.03,
      },
    },
    counters: {
      cpuUserSeconds: 1.5,
      cpuSystemSeconds: 0.5,
      loopActiveSeconds: 2,
      gc: [[['minor'], 0.012, [1, 2, 0, 0, 0, 0, 0]]],
      httpServer: [[['GET', '2xx'], 0.05, [3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]]],
      httpClient: [[['POST', 'error'], 1, [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]]],
    },
    activeRequests: 2,
    upgradedConnections: 1,
    ownMetrics: false,
    ...changes,
  };
}

/**
 * The agent of an instance whose process has answered.
 * @param telemetry its answers, in their order
 */
export function agentThatSaid(...telemetry: readonly unknown[]): AgentSource {
  const account = createAgentAccount(() => 1_700_000_000_000);
  for (const answer of telemetry) {
    const figures = readFigures(answer);
    if (figures !== null) account.take(1, figures);
  }
  return { up: true, figures: account.newest(1), account };
}
