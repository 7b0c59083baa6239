import type { DescribeView, ExitView, InstanceView, WhyView } from '../../src/api/contract.ts';
import { EXIT_REASONS, type ExitReason } from '../../src/core/exit.ts';
import { AS_SET } from './fleet-source.ts';

/** 2026-01-02 03:04:05 UTC. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/**
 * An instance as the daemon shows it: online for an hour.
 * @param changes what is different
 */
export function instanceView(changes: Partial<InstanceView> = {}): InstanceView {
  return {
    id: 0,
    app: 'api',
    namespace: 'default',
    slot: 0,
    version: '1.2.3',
    execMode: 'fork',
    status: 'running',
    pm2Status: 'online',
    pid: 4321,
    generation: 1,
    startedAtMs: NOW_MS - 3_600_000,
    restarts: 0,
    unstableRestarts: 0,
    streak: 0,
    backoff: null,
    cpuRatio: 0.012,
    rssBytes: 50_750_000,
    memoryLimitBytes: null,
    lastExit: null,
    hostVersion: null,
    user: 'root',
    watching: false,
    cron: null,
    ...changes,
  };
}

/**
 * A death: an uncaught error a minute ago.
 * @param changes what is different
 */
export function exitView(changes: Partial<ExitView> = {}): ExitView {
  return {
    reason: 'uncaught',
    code: 1,
    signal: null,
    uptimeMs: 1234,
    atMs: NOW_MS - 60_000,
    message: null,
    ...changes,
  };
}

/**
 * An instance that waits for its next start, as the flight recorder shows it.
 * @param changes what is different
 */
export function whyView(changes: Partial<WhyView> = {}): WhyView {
  const exit = exitView();
  return {
    ...instanceView({
      app: 'cron-worker',
      id: 3,
      status: 'backoff',
      pm2Status: 'waiting restart',
      pid: null,
      startedAtMs: null,
      restarts: 17,
      unstableRestarts: 4,
      streak: 9,
      backoff: { delayMs: 15_000, untilMs: NOW_MS + 8_000 },
      lastExit: exit,
    }),
    transitions: [
      { from: 'backoff', to: 'starting', event: 'timer', exit: null, deathId: null, delayMs: null },
      { from: 'starting', to: 'running', event: 'spawned', exit: null, deathId: null, delayMs: null },
      { from: 'running', to: 'backoff', event: 'exited', exit, deathId: '1-3-5', delayMs: 15_000 },
    ].map((each, index) => ({
      ...(each as Pick<WhyView['transitions'][number], 'from' | 'to' | 'event' | 'exit' | 'deathId' | 'delayMs'>),
      atMs: NOW_MS - 62_000 + index * 1000,
      generation: 18,
      beside: false,
      cause: null,
    })),
    lastDeath: {
      id: '1-3-5',
      exit,
      lastLines: { out: ['started'], error: ['Error: boom', '    at run (/srv/cron.js:7:9)'] },
      vitals: { atMs: exit.atMs - 500, rssBytes: 48_000_000, cpuRatio: 0.03, processes: 2, openFds: 24, threads: 11 },
    },
    ...changes,
  };
}

/**
 * Everything about an instance.
 * @param changes what is different
 */
export function describeView(changes: Partial<DescribeView> = {}): DescribeView {
  const none = Object.fromEntries(EXIT_REASONS.map((reason) => [reason, 0])) as Record<ExitReason, number>;
  return {
    ...instanceView(),
    hostPid: null,
    agentConnected: false,
    runtime: null,
    spec: {
      name: 'api',
      namespace: 'default',
      configFile: '/srv/ecosystem.config.cjs',
      version: '1.2.3',
      process: {
        execMode: 'fork',
        schedule: 'shared',
        agent: true,
        telemetry: [],
        instances: 1,
        script: '/srv/server.js',
        shellLine: false,
        interpreter: 'node',
        interpreterArgs: ['--max-old-space-size=200'],
        args: ['--port', '3000', 'two words'],
        cwd: '/srv',
        instanceVar: 'NODE_APP_INSTANCE',
        incrementVar: null,
        uid: null,
        gid: null,
        pidFile: null,
        sourceMaps: true,
      },
      policy: {
        autostart: true,
        autorestart: true,
        maxRestarts: 16,
        minUptimeMs: 1000,
        restartDelayMs: 0,
        expBackoffRestartDelayMs: 100,
        stopExitCodes: [0, 3],
        killTimeoutMs: 1600,
        killSignal: 'SIGINT',
        treekill: true,
        shutdownWithMessage: false,
        waitReady: false,
        listenTimeoutMs: 3000,
      },
      limits: { maxMemoryBytes: 524_288_000 },
      triggers: { cron: { pattern: '0 4 * * *', timezone: null }, watch: null },
      logs: {
        outFile: null,
        errorFile: null,
        combinedFile: null,
        merge: true,
        dateFormat: null,
        type: 'plain',
        roll: AS_SET,
        loki: { enabled: true, labels: {} },
      },
    },
    logs: { out: '/srv/logs/api-out.log', error: '/srv/logs/api-error.log', combined: null },
    pidFile: '/srv/pids/api-0.pid',
    createdAtMs: NOW_MS - 3_700_000,
    counters: { starts: 4, exits: { ...none, uncaught: 3 }, restarts: { ...none, uncaught: 3 } },
    logFiles: { out: { files: 3, bytes: 123_456 }, error: { files: 1, bytes: 99 } },
    logAccount: {
      out: { lines: 12, bytes: 3456, dropped: 0, droppedBy: {}, cut: 1 },
      error: { lines: 3, bytes: 99, dropped: 2, droppedBy: { buffer_full: 0, disk_error: 2 }, cut: 0 },
    },
    loki: null,
    ...changes,
  };
}
