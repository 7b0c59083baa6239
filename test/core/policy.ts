import type { PolicySpec } from '../../src/core/spec.ts';

/** The policy of an app that says nothing: PM2's defaults. */
export const DEFAULTS: PolicySpec = {
  autostart: true,
  autorestart: true,
  maxRestarts: 16,
  minUptimeMs: 1_000,
  restartDelayMs: 0,
  expBackoffRestartDelayMs: 0,
  stopExitCodes: [],
  killTimeoutMs: 1_600,
  killSignal: 'SIGINT',
  treekill: true,
  shutdownWithMessage: false,
  waitReady: false,
  listenTimeoutMs: 3_000,
};
