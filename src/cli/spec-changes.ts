import { PromvisorError } from '../base/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import { overridesOf } from './app-flags.ts';
import { resolveOperand } from './app-sources.ts';
import type { CliContext } from './context.ts';

type Options = Readonly<Record<string, unknown>>;
/** Parts of a spec, in the shape of the whole. */
export type SpecChanges = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a process is made of anew at each start, by the key of the ecosystem file. */
const CHANGEABLE: Readonly<Record<string, (spec: AppSpec) => SpecChanges>> = {
  args: ({ process: { args } }) => ({ process: { args } }),
  node_args: ({ process: { interpreterArgs } }) => ({ process: { interpreterArgs } }),
  agent: ({ process: { agent } }) => ({ process: { agent } }),
  source_map_support: ({ process: { sourceMaps } }) => ({ process: { sourceMaps } }),
  disable_source_map_support: ({ process: { sourceMaps } }) => ({ process: { sourceMaps } }),
  max_memory_restart: ({ limits: { maxMemoryBytes } }) => ({ limits: { maxMemoryBytes } }),
  max_restarts: ({ policy: { maxRestarts } }) => ({ policy: { maxRestarts } }),
  min_uptime: ({ policy: { minUptimeMs } }) => ({ policy: { minUptimeMs } }),
  restart_delay: ({ policy: { restartDelayMs } }) => ({ policy: { restartDelayMs } }),
  exp_backoff_restart_delay: ({ policy }) => ({
    policy: { expBackoffRestartDelayMs: policy.expBackoffRestartDelayMs },
  }),
  kill_timeout: ({ policy: { killTimeoutMs } }) => ({ policy: { killTimeoutMs } }),
  listen_timeout: ({ policy: { listenTimeoutMs } }) => ({ policy: { listenTimeoutMs } }),
  wait_ready: ({ policy: { waitReady } }) => ({ policy: { waitReady } }),
  shutdown_with_message: ({ policy: { shutdownWithMessage } }) => ({ policy: { shutdownWithMessage } }),
  stop_exit_codes: ({ policy: { stopExitCodes } }) => ({ policy: { stopExitCodes } }),
  autorestart: ({ policy: { autorestart } }) => ({ policy: { autorestart } }),
  treekill: ({ policy: { treekill } }) => ({ policy: { treekill } }),
  cron_restart: ({ triggers: { cron } }) => ({ triggers: { cron } }),
};
export const CHANGEABLE_KEYS: ReadonlySet<string> = new Set(Object.keys(CHANGEABLE));

/** PM2's way to say that a key is to be as if it had never been given. */
const UNSET = 'null';

/**
 * Reads what flags change of apps that are there already.
 * @param context of the command; what followed `--` are new arguments of the apps
 * @param options flags as commander read them
 * @param command its name, for messages
 * @returns the part of the request, empty when nothing changes
 * @throws PromvisorError USAGE for a flag that only a new app can have, CONFIG_INVALID for a value that cannot be
 */
export async function specChanges(
  context: CliContext,
  options: Options,
  command: string,
): Promise<{ readonly changes?: SpecChanges }> {
  // `--watch` turns watching on or off: it is no value.
  const { watch: _watch, ...flags } = overridesOf(options);
  const given: Readonly<Record<string, unknown>> = {
    ...flags,
    ...(context.appArgs.length > 0 ? { args: context.appArgs } : {}),
  };
  const keys = Object.keys(given);
  if (keys.length === 0) return {};
  const fixed = keys.filter((key) => !Object.hasOwn(CHANGEABLE, key));
  if (fixed.length > 0) {
    throw new PromvisorError(
      'USAGE',
      `${command}: expected no flags that only a new app can have, got ${fixed.join(', ')}; delete the app and start it anew, or change its config file`,
    );
  }
  const values = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== UNSET));
  // Any app will do: only what the flags say is taken of it.
  const { apps } = await resolveOperand(context, { operand: process.execPath, overrides: values, options: {} });
  const [spec] = apps;
  if (spec === undefined) return {};
  return { changes: merged(keys.map((key) => CHANGEABLE[key]?.(spec) ?? {})) };
}

function merged(parts: readonly SpecChanges[]): SpecChanges {
  const whole: Record<string, Record<string, unknown>> = {};
  for (const part of parts) {
    for (const [section, values] of Object.entries(part)) whole[section] = { ...whole[section], ...values };
  }
  return whole;
}
