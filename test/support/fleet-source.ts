import { newInstance } from '../../src/core/machine.ts';
import type { AppSpec, RollSpec } from '../../src/core/spec.ts';
import type { InstanceState } from '../../src/core/states.ts';
import type { FleetSource, InstanceSource, StreamCounts } from '../../src/metrics/source.ts';

/** An app that says nothing about its log files. */
export const AS_SET: RollSpec = {
  maxSizeBytes: null,
  frequency: null,
  retain: null,
  maxAgeMs: null,
  compress: null,
  maxTotalBytes: null,
};

/**
 * A spec with everything that has no part in the test left plain.
 * @param changes what the test is about
 */
export function plainSpec(changes: Partial<AppSpec> = {}): AppSpec {
  return {
    name: 'api',
    namespace: 'default',
    configFile: null,
    version: '1.2.3',
    process: {
      execMode: 'fork',
      schedule: 'shared',
      agent: true,
      telemetry: [],
      instances: 1,
      script: '/app/api.js',
      shellLine: false,
      interpreter: 'node',
      interpreterArgs: [],
      args: [],
      cwd: '/app',
      env: {},
      instanceVar: 'NODE_APP_INSTANCE',
      incrementVar: null,
      uid: null,
      gid: null,
      pidFile: null,
      sourceMaps: false,
    },
    policy: {
      autostart: true,
      autorestart: true,
      maxRestarts: 16,
      minUptimeMs: 1000,
      restartDelayMs: 0,
      expBackoffRestartDelayMs: 0,
      stopExitCodes: [],
      killTimeoutMs: 1600,
      killSignal: 'SIGINT',
      treekill: true,
      shutdownWithMessage: false,
      waitReady: false,
      listenTimeoutMs: 3000,
    },
    limits: { maxMemoryBytes: null },
    triggers: { cron: null, watch: null },
    logs: {
      outFile: null,
      errorFile: null,
      combinedFile: null,
      merge: false,
      dateFormat: null,
      type: 'plain',
      roll: AS_SET,
      loki: { enabled: true, labels: {} },
    },
    envBlocks: {},
    ...changes,
  };
}

/**
 * An instance as the exposition sees it.
 * @param changes what the test is about
 */
export function plainInstance(
  changes: Partial<InstanceSource> & { readonly state?: InstanceState } = {},
): InstanceSource {
  const counts: StreamCounts = {
    lines: 0,
    bytes: 0,
    droppedBy: { buffer_full: 0, disk_error: 0, retention_unshipped: 0 },
    cut: 0,
    writeErrors: 0,
  };
  return {
    id: 0,
    slot: 0,
    spec: plainSpec(),
    state: newInstance(0),
    process: null,
    lastExit: null,
    logs: {
      files: () => ({ out: null, error: null, combined: null }),
      account: () => ({ out: counts, error: counts }),
    },
    ...changes,
  };
}

/**
 * A fleet of given instances.
 * @param instances read anew at every scrape
 * @param changes what else the test is about
 */
export function fleetOf(instances: readonly InstanceSource[], changes: Partial<FleetSource> = {}): FleetSource {
  return {
    instances: () => instances,
    nextCronMs: () => null,
    cgroup: () => null,
    logBytes: () => ({ live: 0, rolled: 0 }),
    loki: () => null,
    journalDropped: () => 0,
    agents: { pull: async () => {}, of: () => null, timeouts: () => null },
    http: () => ({ listen: '127.0.0.1:9209', address: '127.0.0.1:9209' }),
    ...changes,
  };
}
