import type { Client } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { ERROR_CODES, PromvisorError } from '../../base/errors.ts';
import { PM2_VERSION } from '../../base/pm2-version.ts';
import { VERSION } from '../../base/version.ts';
import type { CliContext, ExitCode } from '../context.ts';
import { createContext, execute } from '../execute.ts';
import { passOn } from './ask.ts';
import { problemLines, unknownFlag } from './errors.ts';
import { flagOf, type Pm2Call, readPm2Call } from './flags.ts';
import { enterPm2Home, keepSettings, pm2Daemon } from './home.ts';
import { strangeFlag } from './known-flags.ts';
import { list } from './list.ts';
import { describe, env, id, jlist, pid, ping, prettylist } from './reads.ts';
import { failed, type Stage, told } from './stage.ts';
import { USAGE } from './usage.ts';

type Run = (stage: Stage) => Promise<ExitCode>;

/** What only looks. */
const COMMANDS: Readonly<Record<string, Run>> = {
  ...named(list, 'list', 'ls', 'l', 'ps', 'status'),
  ...named(describe, 'describe', 'desc', 'info', 'show'),
  ...named(logs, 'logs', 'log'),
  jlist,
  prettylist,
  ping,
  pid,
  id,
  env,
};
/** What changes something; it is a bundle of its own. */
const STARTS = new Set([
  'start',
  'startOrRestart',
  'startOrReload',
  'startOrGracefulReload',
  'restart',
  'reload',
  'serve',
  'expose',
]);
const CHANGES = new Set([
  ...STARTS,
  ...['stop', 'delete', 'del', 'save', 'dump', 'cleardump', 'resurrect', 'kill', 'scale', 'reset', 'sendSignal'],
  ...['send', 'flush', 'reloadLogs', 'set', 'get', 'unset', 'multiset', 'conf', 'config', 'update', 'updatePM2'],
  ...['ecosystem', 'init'],
]);
/** What else PM2 or promvisor has: run as it is here, as no script reads a text of it. */
const PASSED_ON = new Set([
  ...['startup', 'unstartup', 'attach', 'trigger', 'monit', 'dashboard', 'dash', 'imonit', 'deploy'],
  ...['report', 'slist', 'sysinfos', 'inspect', 'profile:cpu', 'profile:mem', 'examples', 'completion', 'logrotate'],
  ...['install', 'uninstall', 'module:install', 'module:update', 'module:generate', 'module:uninstall', 'package'],
  ...['publish', 'module:publish', 'create', 'autoinstall', 'link', 'unlink', 'monitor', 'unmonitor', 'open', 'plus'],
  ...['register', 'login', 'logout', 'pull', 'forward', 'backward', 'deepUpdate', 'gc', 'install-otel'],
  ...['uninstall-otel', 'why', 'events', 'loki', 'prometheus', 'migrate', 'check', 'diff'],
]);
/** Their output is read by programs: nothing stands before it. */
const DATA = new Set(['jlist', 'prettylist', 'pid', 'id']);

function named(run: Run, ...words: readonly string[]): Record<string, Run> {
  return Object.fromEntries(words.map((word) => [word, run]));
}

async function changes(stage: Stage): Promise<ExitCode> {
  const lazy = await import('./changes.ts');
  return lazy.change(stage);
}

async function logs(stage: Stage): Promise<ExitCode> {
  const lazy = await import('./logs.ts');
  return lazy.logs(stage);
}

/**
 * Runs a command line of PM2.
 * @param argv arguments after `pm2`
 * @returns 0 or 1, as PM2 has no others
 */
export async function runAsPm2(argv: readonly string[]): Promise<ExitCode> {
  const home = enterPm2Home(process.env);
  const call = readPm2Call(argv);
  const code = await execute(argv, () => runCall(call, home));
  return code === 0 ? 0 : 1;
}

async function runCall(call: Pm2Call, home: string): Promise<ExitCode> {
  const silent = flagOf(call, 'silent') !== undefined || isSet(process.env['PM2_SILENT']);
  const context = createContext({ silent, color: flagOf(call, 'no-color') === undefined }, call.appArgs);
  const { terminal } = context;
  const stage: Stage = {
    context,
    call,
    home,
    client: daemonOf(context, () => {
      if (silent || DATA.has(call.word ?? '') || isSet(process.env['PM2_DISCRETE_MODE'])) return;
      terminal.out(`${told(`Spawning PM2 daemon with pm2_home=${home}`)}\n${told('PM2 Successfully daemonized')}\n`);
    }),
    say: (line) => {
      if (!silent) terminal.out(`${line}\n`);
    },
    complain: (line) => {
      if (!silent) terminal.err(`${line}\n`);
    },
  };
  try {
    return await runOn(stage);
  } catch (error) {
    // Bundles have error classes of their own; one without a code is a defect and keeps its stack.
    if (!(error instanceof PromvisorError) && !hasCode(error)) throw error;
    problemLines(problemOf(error)).forEach(stage.complain);
    return 1;
  }
}

/** PM2 takes any text, "false" too, for yes. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function hasCode(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code) in ERROR_CODES;
}

/** One daemon for all that a command asks. */
function daemonOf(context: CliContext, onStarted: () => void): Stage['client'] {
  let found: Promise<Client> | null = null;
  return () => {
    found ??= pm2Daemon(context, onStarted);
    return found;
  };
}

async function runOn(stage: Stage): Promise<ExitCode> {
  const { call, say } = stage;
  const { word } = call;
  if (flagOf(call, 'version') !== undefined) {
    stage.context.terminal.out(`${PM2_VERSION}\n`);
    if (stage.context.terminal.live) stage.context.terminal.err(`promvisor ${VERSION} as pm2\n`);
    return 0;
  }
  if (flagOf(call, 'help') !== undefined) return passOn(stage);
  if (word === null) {
    if (flagOf(call, 'no-daemon') !== undefined) return passOn(stage);
    const strange = strangeFlag(call);
    if (strange !== null) {
      stage.complain(unknownFlag(strange));
      return 1;
    }
    say(USAGE);
    return 1;
  }
  keepSettings(stage.context.home);
  const known = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  const run = CHANGES.has(word) ? changes : known;
  if (PASSED_ON.has(word) || (run !== undefined && flagOf(call, 'no-daemon') !== undefined)) return passOn(stage);
  if (run !== undefined) {
    // A start may say more: its flags are looked at where apps are made of them.
    const strange = STARTS.has(word) ? null : strangeFlag(call);
    if (strange === null) return run(stage);
    stage.complain(unknownFlag(strange));
    return 1;
  }
  say(`${failed('Command not found')}\n\n${USAGE}`);
  return 1;
}
