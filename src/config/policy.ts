import { constants } from 'node:os';
import type { PolicySpec } from '../core/spec.ts';
import type { Reporter } from './findings.ts';
import { LISTEN_TIMEOUT_MS } from './policy-defaults.ts';
import { type AttributeKey, type Attributes, readAttribute } from './schema.ts';
import { show } from './show.ts';

/** PM2's defaults; the kill and listen timeouts may be set for all apps by its variables. */
const KILL_TIMEOUT_MS = 1600;
const MIN_UPTIME_MS = 1000;
const MAX_RESTARTS = 16;
const KILL_SIGNAL = 'SIGINT';
const ENVIRONMENT = 'environment';

/**
 * Resolves when an app is started again and how it is told to go.
 * @param attributes of the app
 * @param env of the command, with PM2_KILL_SIGNAL and its like
 * @param reporter told of variables that are wrong
 * @returns the policy
 */
export function policySpec(attributes: Attributes, env: NodeJS.ProcessEnv, reporter: Reporter): PolicySpec {
  const fallback = (key: AttributeKey, variable: string, defaultMs: number) =>
    durationIn(env, { key, variable, defaultMs }, reporter);
  return {
    autostart: attributes.autostart ?? true,
    autorestart: attributes.autorestart ?? true,
    maxRestarts: attributes.max_restarts ?? MAX_RESTARTS,
    minUptimeMs: attributes.min_uptime ?? MIN_UPTIME_MS,
    restartDelayMs: attributes.restart_delay ?? 0,
    expBackoffRestartDelayMs: attributes.exp_backoff_restart_delay ?? 0,
    stopExitCodes: attributes.stop_exit_codes ?? [],
    killTimeoutMs: attributes.kill_timeout ?? fallback('kill_timeout', 'PM2_KILL_TIMEOUT', KILL_TIMEOUT_MS),
    killSignal: killSignalIn(env, reporter),
    treekill: attributes.treekill ?? true,
    shutdownWithMessage: attributes.shutdown_with_message ?? flagIn(env, 'PM2_KILL_USE_MESSAGE'),
    waitReady: attributes.wait_ready ?? false,
    listenTimeoutMs:
      attributes.listen_timeout ?? fallback('listen_timeout', 'PM2_GRACEFUL_LISTEN_TIMEOUT', LISTEN_TIMEOUT_MS),
  };
}

interface DurationVariable {
  readonly key: AttributeKey;
  readonly variable: string;
  readonly defaultMs: number;
}

function durationIn(
  env: NodeJS.ProcessEnv,
  { key, variable, defaultMs }: DurationVariable,
  reporter: Reporter,
): number {
  const given = env[variable];
  if (given === undefined || given === '') return defaultMs;
  const read = readAttribute(key, given);
  if ('value' in read && typeof read.value === 'number') return read.value;
  const expected = 'expected' in read ? read.expected : 'a duration';
  reporter.problem({ key: variable, expected, got: show(given) }, ENVIRONMENT);
  return defaultMs;
}

/** PM2 takes any text for yes. */
function flagIn(env: NodeJS.ProcessEnv, variable: string): boolean {
  const given = env[variable];
  return given !== undefined && given !== '' && given !== 'false' && given !== '0';
}

function killSignalIn(env: NodeJS.ProcessEnv, reporter: Reporter): string {
  const given = env['PM2_KILL_SIGNAL'];
  if (given === undefined || given === '') return KILL_SIGNAL;
  if (Object.hasOwn(constants.signals, given)) return given;
  reporter.problem({ key: 'PM2_KILL_SIGNAL', expected: 'a signal such as SIGTERM', got: show(given) }, ENVIRONMENT);
  return KILL_SIGNAL;
}
