import { type Command, Option } from 'commander';
import { PromvisorError } from '../base/errors.ts';

/** One flag of `start` that stands for a key of the ecosystem file. */
interface AppFlag {
  readonly flags: string;
  readonly about: string;
  readonly key: string;
  /** The value for the key, from what commander read; undefined leaves the key out. */
  readonly value?: (given: unknown) => unknown;
  /** May be given several times. */
  readonly many?: boolean;
}

/** `--no-x` sets false; commander gives true when it was not said. */
const offOnly = (given: unknown): unknown => (given === false ? false : undefined);

const APP_FLAGS: readonly AppFlag[] = [
  { flags: '-n, --name <name>', about: 'name of the app', key: 'name' },
  { flags: '--namespace <name>', about: 'namespace of the app', key: 'namespace' },
  { flags: '-i, --instances <number>', about: 'number of instances, max for one per core', key: 'instances' },
  { flags: '--schedule <how>', about: 'how connections reach a cluster: shared, round_robin', key: 'schedule' },
  { flags: '--no-agent', about: 'do not load the agent into Node apps', key: 'agent', value: offOnly },
  {
    flags: '--interpreter <program>',
    about: 'program that runs the script; none executes it itself',
    key: 'interpreter',
  },
  { flags: '--interpreter-args <args>', about: 'arguments of the interpreter', key: 'node_args' },
  { flags: '--node-args <args>', about: 'the same, as PM2 calls it', key: 'node_args' },
  { flags: '-x, --execute-command', about: 'fork mode', key: 'execute_command' },
  { flags: '--cwd <folder>', about: 'working directory', key: 'cwd' },
  { flags: '--watch [path]', about: 'restart when files change (repeatable)', key: 'watch', many: true },
  { flags: '--ignore-watch <path>', about: 'do not watch these (repeatable)', key: 'ignore_watch', many: true },
  {
    flags: '--watch-delay <delay>',
    about: 'wait after a change: seconds, or 400ms',
    key: 'watch_delay',
    value: watchDelayMs,
  },
  { flags: '-o, --output <file>', about: 'file for stdout', key: 'out_file' },
  { flags: '-e, --error <file>', about: 'file for stderr', key: 'error_file' },
  { flags: '-l, --log [file]', about: 'file for both', key: 'log_file' },
  { flags: '--merge-logs', about: 'instances share their files', key: 'merge_logs' },
  { flags: '--log-date-format <format>', about: 'date before each line, as day.js writes it', key: 'log_date_format' },
  { flags: '--time', about: 'a standard date before each line', key: 'time' },
  { flags: '--log-type <type>', about: 'json: one object per line', key: 'log_type' },
  { flags: '--max-size <size>', about: 'roll log files at this size: 10M; 0 for never', key: 'max_size' },
  { flags: '--frequency <when>', about: 'roll log files hourly, daily or by a cron pattern', key: 'frequency' },
  { flags: '--retain <number>', about: 'rolled log files kept per stream', key: 'retain' },
  { flags: '--disable-logs', about: 'keep no output', key: 'disable_logs' },
  {
    flags: '--filter-env <text>',
    about: 'drop shell variables that contain it (repeatable)',
    key: 'filter_env',
    many: true,
  },
  { flags: '--max-memory-restart <size>', about: 'restart above this memory: 200M, 1G', key: 'max_memory_restart' },
  { flags: '--max-restarts <number>', about: 'unstable restarts until it is given up', key: 'max_restarts' },
  { flags: '--min-uptime <time>', about: 'how long a process must live to count as stable', key: 'min_uptime' },
  { flags: '--restart-delay <ms>', about: 'delay before a restart', key: 'restart_delay' },
  {
    flags: '--exp-backoff-restart-delay <ms>',
    about: 'first delay of a growing back-off',
    key: 'exp_backoff_restart_delay',
  },
  { flags: '-k, --kill-timeout <ms>', about: 'time to stop before SIGKILL', key: 'kill_timeout' },
  { flags: '--listen-timeout <ms>', about: 'time to become ready', key: 'listen_timeout' },
  { flags: '--wait-ready', about: "ready when the app sends 'ready'", key: 'wait_ready' },
  { flags: '--shutdown-with-message', about: "stop by the message 'shutdown'", key: 'shutdown_with_message' },
  { flags: '--stop-exit-codes <code...>', about: 'exit codes after which it stays stopped', key: 'stop_exit_codes' },
  { flags: '-c, --cron-restart <pattern>', about: 'restart by a cron pattern', key: 'cron_restart' },
  { flags: '--cron <pattern>', about: 'the same', key: 'cron_restart' },
  { flags: '--no-autorestart', about: 'do not start it again when it ends', key: 'autorestart', value: offOnly },
  { flags: '--no-autostart', about: 'add it without starting it', key: 'autostart', value: offOnly },
  { flags: '--no-treekill', about: 'signal only the process itself', key: 'treekill', value: offOnly },
  { flags: '-p, --pid <file>', about: 'pid file', key: 'pid_file' },
  { flags: '--uid <user>', about: 'run as this user (root only)', key: 'uid' },
  { flags: '--gid <group>', about: 'run as this group (root only)', key: 'gid' },
  { flags: '--source-map-support', about: 'read source maps', key: 'source_map_support' },
  { flags: '--disable-source-map-support', about: 'read no source maps', key: 'disable_source_map_support' },
];

/** Flags of PM2's paid service and of its inner workings: taken and not used. */
const IGNORED_FLAGS = [
  '--no-pmx',
  '--no-automation',
  '--no-vizion',
  '--trace',
  '--disable-trace',
  '--v8',
  '--event-loop-inspector',
  '--deep-monitoring',
];

/**
 * Gives a command the flags that describe an app.
 * @param command `start`
 */
export function addAppFlags(command: Command): void {
  for (const { flags, about, many } of APP_FLAGS) {
    const option = new Option(flags, about);
    if (many === true) option.argParser(collect);
    command.addOption(option);
  }
  addIgnoredFlags(command);
}

/**
 * Gives a command the flags that describe an app, for apps that are there already.
 * @param command `restart` or `reload`
 * @param changeable keys that can change; the flags of others are taken, to say so
 */
export function addChangeFlags(command: Command, changeable: ReadonlySet<string>): void {
  for (const { flags, about, key } of APP_FLAGS) {
    // Beside it `--watch` means on or off.
    if (key !== 'watch') command.addOption(new Option(flags, about).hideHelp(!changeable.has(key)));
  }
  addIgnoredFlags(command);
}

/**
 * Lets a command take PM2's flags that mean nothing here.
 * @param command that PM2 users give them to
 */
export function addIgnoredFlags(command: Command): void {
  for (const flags of IGNORED_FLAGS) command.addOption(new Option(flags).hideHelp());
}

/**
 * What was said by flags, in the keys of the ecosystem file.
 * @param options as commander read them
 * @returns only what was given
 * @throws PromvisorError USAGE for a delay that is none
 */
export function overridesOf(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const overrides: Record<string, unknown> = {};
  for (const { flags, key, value } of APP_FLAGS) {
    const given = options[new Option(flags).attributeName()];
    const wanted = given === undefined || value === undefined ? given : value(given);
    if (wanted !== undefined) overrides[key] = wanted;
  }
  return overrides;
}

function collect(given: string, before: unknown): string[] {
  return Array.isArray(before) ? [...before, given] : [given];
}

/** PM2 reads a bare number as seconds here. */
function watchDelayMs(given: unknown): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(String(given)) ?? [];
  if (number === undefined) {
    throw new PromvisorError('USAGE', `--watch-delay: expected seconds such as 2, or 400ms, got "${String(given)}"`);
  }
  return Math.round(Number(number) * (unit === 'ms' ? 1 : 1000));
}
