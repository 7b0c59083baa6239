import * as z from 'zod/mini';
import { TELEMETRY_GROUPS } from '../base/agent-telemetry.ts';
import {
  compression,
  duration,
  exitCode,
  flag,
  LONGEST_MS,
  label,
  longDuration,
  MOST_WORDS,
  size,
  text,
  watchOptions,
  whole,
  words,
} from './attribute-types.ts';
import { LABELS, LABELS_EXPECTED } from './loki-schema.ts';

const MOST_INSTANCES = 1000;

/** One attribute of an app: how it is read, what is expected in words, what it is for. */
interface Attribute<T extends z.ZodMiniType> {
  readonly type: T;
  readonly expected: string;
  readonly about: string;
}

/** The type is made at its first use: making all of them takes as long as reading a small file. */
function as<T extends z.ZodMiniType>(make: () => T, expected: string, about: string): Attribute<T> {
  let made: T | null = null;
  return {
    get type() {
      made ??= make();
      return made;
    },
    expected,
    about,
  };
}

const FLAG = 'true or false';
const MS = 'milliseconds or a duration such as "10s", "5m", "1h"';
const WORDS = 'a list of texts, or one text that is split at blanks (quotes keep them)';
const NAME = 'a name of at most 200 characters on one line, not "all"';
const FROM_0 = 'a whole number from 0 up';
const SIZE = 'bytes or a size such as "200M", "1.5G", "500K"';

/** Every attribute of an app under its own name; keys.ts has the other spellings. */
export const ATTRIBUTES = {
  script: as(
    () => text,
    'a path or a shell line',
    'Program to run: a path relative to cwd, a program in PATH, or a shell line.',
  ),
  name: as(() => label, NAME, 'Name of the app. Default: the file name of the script without its extension.'),
  name_prefix: as(() => label, NAME, 'Put before the name, with a colon.'),
  append_env_to_name: as(() => flag, FLAG, 'Appends the name given with --env to the name.'),
  namespace: as(() => label, NAME, 'Group of apps that commands can name. Default: "default".'),
  cwd: as(() => text, 'a directory', 'Working directory. Default: where the command is given.'),
  args: as(() => words, WORDS, 'Arguments of the program.'),
  interpreter: as(() => text, 'a program or "none"', 'Program that runs the script; "none" runs the script itself.'),
  node_args: as(() => words, WORDS, 'Arguments of the interpreter.'),
  exec_mode: as(
    () => z.enum(['fork', 'cluster', 'fork_mode', 'cluster_mode']),
    '"fork" or "cluster"',
    'cluster lets the instances of a Node app share a port.',
  ),
  schedule: as(
    () => z.enum(['shared', 'round_robin']),
    '"shared" or "round_robin"',
    'How connections reach the workers of a cluster: each accepts for itself (shared), or they are handed out in turn.',
  ),
  instances: as(
    () =>
      z.union([
        z.pipe(
          z.literal('max'),
          z.transform(() => 0),
        ),
        whole(-MOST_INSTANCES, MOST_INSTANCES),
      ]),
    'a whole number or "max"',
    'How many; "max" or 0 is one per CPU, a negative number leaves that many CPUs free.',
  ),
  execute_command: as(() => flag, FLAG, 'True forces exec_mode fork.'),
  env: as(() => z.record(z.string(), z.unknown()), 'an object of variables', 'Environment variables.'),
  filter_env: as(
    () => z.union([z.boolean(), z.array(text).check(z.maxLength(MOST_WORDS)), text]),
    'true, a name, or a list of parts of names',
    'Variables of the shell that the app does not get: all of them (true), one, or those that contain a part.',
  ),
  increment_var: as(
    () => text,
    'the name of a variable',
    'Variable that counts up per instance from its value in env.',
  ),
  instance_var: as(
    () => text,
    'the name of a variable',
    'Variable with the number of the instance. Default: NODE_APP_INSTANCE.',
  ),
  port: as(() => whole(0, 65_535), 'a port from 0 to 65535', 'Sets PORT in the environment.'),
  out_file: as(() => text, 'a path, or "NULL" for none', 'Where standard output goes.'),
  error_file: as(() => text, 'a path, or "NULL" for none', 'Where standard error goes.'),
  log_file: as(() => z.union([z.boolean(), text]), 'a path, or true', 'A third file with both streams.'),
  pid_file: as(() => text, 'a path', 'File with the process id.'),
  merge_logs: as(() => flag, FLAG, 'True: all instances write to one file.'),
  log_date_format: as(() => text, 'a day.js format such as "YYYY-MM-DD HH:mm:ss"', 'Time before each line.'),
  time: as(() => flag, FLAG, 'Same as log_date_format "YYYY-MM-DDTHH:mm:ss".'),
  log_type: as(() => z.enum(['json', 'plain']), '"json" or "plain"', 'json writes one object per line.'),
  disable_logs: as(() => flag, FLAG, 'True throws all output away.'),
  max_memory_restart: as(() => size, SIZE, 'Resident memory of the process tree above which the app is restarted.'),
  min_uptime: as(() => duration(100), `${MS}, at least 100 ms`, 'Shorter lives count against max_restarts.'),
  max_restarts: as(() => whole(0, LONGEST_MS), FROM_0, 'Short lives in a row before promvisor gives up.'),
  restart_delay: as(() => duration(0), MS, 'Wait before each restart.'),
  exp_backoff_restart_delay: as(() => duration(0), MS, 'First wait before a restart; it grows with each crash.'),
  autorestart: as(() => flag, FLAG, 'False leaves the app down when it ends.'),
  autostart: as(() => flag, FLAG, 'False adds the app without starting it.'),
  stop_exit_codes: as(
    () =>
      z.union([
        z.array(exitCode).check(z.maxLength(256)),
        z.pipe(
          exitCode,
          z.transform((code) => [code]),
        ),
      ]),
    'exit codes from 0 to 255',
    'Exit codes after which the app stays down.',
  ),
  kill_timeout: as(() => duration(0), MS, 'From the signal to stop until SIGKILL. Default: 1600.'),
  treekill: as(() => flag, FLAG, 'False signals the program only, not what it started.'),
  shutdown_with_message: as(() => flag, FLAG, 'Asks Node apps to stop with the message "shutdown", not with a signal.'),
  wait_ready: as(() => flag, FLAG, "The app is ready when it calls process.send('ready')."),
  listen_timeout: as(() => duration(0), MS, 'How long to wait for ready. Default: 30000.'),
  cron_restart: as(
    () => z.union([text, z.literal(0)]),
    'a cron pattern of 5 or 6 fields, or 0 for none',
    'Restarts the app at these times.',
  ),
  cron_timezone: as(
    () => text,
    'a time zone such as "Europe/Berlin"',
    'Time zone of cron_restart. Default: that of the machine.',
  ),
  watch: as(
    () => z.union([flag, words]),
    `true, false, ${WORDS}`,
    'Restarts the app when files change: all of cwd, or these.',
  ),
  ignore_watch: as(
    () => words,
    WORDS,
    'Names, paths, globs or regular expressions of files whose changes do not count.',
  ),
  watch_delay: as(() => duration(0), MS, 'Wait after a change.'),
  watch_options: as(
    () => watchOptions,
    'an object such as { usePolling: true, interval: 100 }',
    'How files are watched.',
  ),
  source_map_support: as(() => flag, FLAG, 'False runs Node without --enable-source-maps.'),
  disable_source_map_support: as(() => flag, FLAG, 'True runs Node without --enable-source-maps.'),
  uid: as(
    () => z.union([whole(0, 2 ** 32 - 2), text]),
    'a user name or number',
    'User of the processes; only root may set it.',
  ),
  gid: as(
    () => z.union([whole(0, 2 ** 32 - 2), text]),
    'a group name or number',
    'Group of the processes; only root may set it.',
  ),
  max_size: as(
    () => size,
    SIZE,
    'Size that no log file grows above: then it is rolled; 0 is any. Default: the setting logs.max_size.',
  ),
  frequency: as(
    () => text,
    '"none", "hourly", "daily" or a cron pattern',
    'When log files are rolled by time. Default: the setting logs.frequency.',
  ),
  retain: as(() => whole(0, 10_000), FROM_0, 'Rolled log files kept per stream. Default: the setting logs.retain.'),
  max_age: as(
    () => longDuration,
    'milliseconds or a duration such as "14d", "36h"',
    'Age at which rolled log files are deleted; 0 is none. Default: the setting logs.max_age.',
  ),
  compress: as(
    () => compression,
    'true, false, "gzip" or "zstd"',
    'How rolled log files are compressed. Default: the setting logs.compress.',
  ),
  max_total: as(() => size, SIZE, 'Size of all log files of the app together; 0 is any.'),
  loki: as(
    () => z.union([flag, z.strictObject({ labels: LABELS })]),
    `true, false, or { labels: … }: ${LABELS_EXPECTED}`,
    'False ships no lines of the app to Loki; labels are added to its lines. Nothing is shipped without the setting loki.url.',
  ),
  agent: as(() => flag, FLAG, 'False leaves the agent out of Node apps: no drain at a reload, no last words.'),
  telemetry: as(
    () => z.union([flag, z.array(z.enum(TELEMETRY_GROUPS))]),
    'true, false or a list of "runtime", "http_server", "http_client", "app"',
    'What the agent measures: the runtime, HTTP requests answered and made, the metrics of the app itself. Default: all.',
  ),
} as const;

export type AttributeKey = keyof typeof ATTRIBUTES;

/** Attributes of one app that were given, read and within their bounds; what was not given is absent. */
export type Attributes = { readonly [K in AttributeKey]?: z.output<(typeof ATTRIBUTES)[K]['type']> };

/** Own names of all attributes. */
export const ATTRIBUTE_KEYS = Object.keys(ATTRIBUTES) as AttributeKey[]; // a literal object has just its keys

/** The value read, or what was expected instead. */
export type Reading = { readonly value: unknown } | { readonly expected: string };

/**
 * Reads one attribute.
 * @param key its own name
 * @param value what the user wrote, as plain data
 * @returns the value read, or what was expected instead
 */
export function readAttribute(key: AttributeKey, value: unknown): Reading {
  const { type, expected } = ATTRIBUTES[key];
  const read = type.safeParse(value);
  return read.success ? { value: read.data } : { expected };
}
