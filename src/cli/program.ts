import { Command, CommanderError, Option } from 'commander';
import { PromvisorError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { addAppFlags, addChangeFlags, addIgnoredFlags } from './app-flags.ts';
import { commandFirst } from './command-first.ts';
import { actionCommand } from './commands/action.ts';
import { describeCommand } from './commands/describe.ts';
import { clearDumpCommand, resurrectCommand, saveCommand } from './commands/dump.ts';
import { envCommand } from './commands/env.ts';
import { eventsCommand } from './commands/events.ts';
import { flushCommand } from './commands/flush.ts';
import { foregroundCommand } from './commands/foreground.ts';
import { idCommand, pidCommand } from './commands/ids.ts';
import { jlistCommand, prettylistCommand } from './commands/jlist.ts';
import { killCommand } from './commands/kill.ts';
import { listMoreCommand } from './commands/list-more.ts';
import { logsCommand } from './commands/logs.ts';
import { lokiCommand } from './commands/loki.ts';
import { pingCommand } from './commands/ping.ts';
import { reloadLogsCommand } from './commands/reload-logs.ts';
import { scaleCommand } from './commands/scale.ts';
import { signalCommand } from './commands/signal.ts';
import { startCommand } from './commands/start.ts';
import { updateCommand } from './commands/update.ts';
import { whyCommand } from './commands/why.ts';
import type { CliContext, ExitCode, GlobalOptions } from './context.ts';
import { LOG_FLAGS } from './log-flags.ts';
import { CHANGEABLE_KEYS } from './spec-changes.ts';
import { helpfulMessage } from './unknown-flag.ts';

export type Options = Readonly<Record<string, unknown>>;
type MakeContext = (options: GlobalOptions) => CliContext;
type Run = (context: CliContext, operands: readonly string[], options: Options) => Promise<ExitCode>;
export type Add = (signature: string, about: string, run: Run) => Command;

export interface ProgramOptions {
  readonly makeContext: MakeContext;
  /** Adds further commands, to the last group. */
  readonly addMore: (add: Add) => void;
}

/** Whether a command may be the one that is run: only then its many flags are made, which take a while. */
type Wanted = (...names: readonly string[]) => boolean;

const EXIT_USAGE = 2;
const TAKES_APP_ARGS = new Set(['start', 'restart', 'reload', 'startOrRestart', 'startOrReload']);
const TARGET = 'an id, a name, a namespace, /regex/ or all';

/**
 * Reads a command line and runs its command.
 * @param argv arguments, without what follows `--`
 * @param options the context from the options that every command takes, and the commands that only some bundles have
 * @returns the exit code
 * @throws PromvisorError USAGE, and whatever the command throws
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  if (isBareForeground(argv)) return foregroundCommand(options.makeContext({}), null);
  if (argv.length === 1 && argv[0] === '-V') return runProgram(['-v'], options);
  let exitCode: ExitCode = 0;
  const program = createProgram(
    options,
    (code) => {
      exitCode = code;
    },
    // Completion scripts have the flags of all.
    (...names) => [...names, 'completion'].some((name) => argv.includes(name)),
  );
  try {
    await program.parseAsync([...commandFirst(argv, program)], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // --help and --version have been printed; without a command the help is what went wrong.
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return EXIT_USAGE;
    throw new PromvisorError('USAGE', helpfulMessage(error.message));
  }
  return exitCode;
}

/** `promvisor --no-daemon` without a command. */
function isBareForeground(argv: readonly string[]): boolean {
  return argv.includes('--no-daemon') && argv.every((argument) => argument.startsWith('-'));
}

/**
 * Makes the parser of command lines.
 * @param options the context for commands, and the commands that only some bundles have
 * @param onDone told of the exit code
 * @param wanted whether the flags of a command are needed
 */
export function createProgram(
  { makeContext, addMore }: ProgramOptions,
  onDone: (exitCode: ExitCode) => void,
  wanted: Wanted = () => true,
): Command {
  const program = new Command('promvisor')
    .description('Supervises processes: starts them, keeps them up, keeps their output, measures them')
    .version(VERSION, '-v, --version', 'print the version')
    // PM2's other word for it: see runProgram.
    .addOption(new Option('-V').hideHelp())
    .option('-s, --silent', 'print nothing but data and errors')
    .option('--json', 'print JSON')
    .option('--no-color', 'print without colours')
    .option('--no-daemon', 'run the daemon in the foreground, until it is told to end')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ visibleCommands: ({ commands }) => commands.filter((command) => command.description() !== '') })
    // Errors become our own; help still goes where it belongs.
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  const add: Add = (signature, about, run) =>
    program
      .command(signature)
      .description(about)
      .action(async (...given: unknown[]) => {
        // Commander hands over the command itself last.
        const command = given.at(-1) as Command;
        const options: Options = command.optsWithGlobals();
        const context = makeContext(options);
        if (context.appArgs.length > 0 && !TAKES_APP_ARGS.has(command.name())) {
          throw new PromvisorError('USAGE', `--: expected no arguments for an app, as ${command.name()} starts none`);
        }
        onDone(await run(context, command.args, options));
      });
  program.commandsGroup('Apps:');
  addAppCommands(add, wanted);
  program.commandsGroup('Looking:');
  addReadCommands(add);
  addLogCommands(add, wanted);
  program.commandsGroup('Daemon:');
  add('ping', 'ask whether the daemon runs', pingCommand);
  add('kill', 'stop all apps, then the daemon', killCommand);
  add('update', 'replace the daemon by the installed version; the apps run on', updateCommand).alias('updatePM2');
  add('save', 'save the list, for resurrect', saveCommand)
    .alias('dump')
    .option('-f, --force', 'also save an empty list');
  add('resurrect', 'bring back what was saved and is not on the list', resurrectCommand);
  add('cleardump', 'forget what was saved', clearDumpCommand);
  addMore(add);
  return program;
}

function addAppCommands(add: Add, wanted: Wanted): void {
  const start = add(
    'start',
    'start scripts, the apps of a config file, a "shell line", or known apps',
    startCommand,
  ).argument('[what...]', 'script, config file, name, "shell line", or - for JSON on stdin');
  addConfigFlags(start)
    .option('-a, --update-env', 'give known apps the variables of this shell')
    .option('-f, --force', 'start another one even if it runs already');
  if (wanted('start')) addAppFlags(start);
  const restart = addAction(add, 'restart', 'restart apps')
    .option('-a, --update-env', 'give the apps the variables of this shell')
    .option('--parallel <number>', 'instances that are restarted at once; without it all')
    .option('--watch', 'turn watching on, or off if it is on');
  const reload = addAction(add, 'reload', 'replace the processes of cluster apps one by one, without a gap')
    .alias('gracefulReload')
    .option('-a, --update-env', 'give the apps the variables of this shell')
    .option('--parallel <number>', 'instances of an app that are replaced at once (1)');
  if (wanted('restart')) addChangeFlags(restart, CHANGEABLE_KEYS);
  if (wanted('reload', 'gracefulReload')) addChangeFlags(reload, CHANGEABLE_KEYS);
  add('scale', 'change how many instances an app has', scaleCommand)
    .argument('<target>', 'the name of an app')
    .argument('<number>', 'how many: 4, +1 or -1');
  const stop = addAction(add, 'stop', 'stop apps').option('--watch', 'also stop watching');
  const remove = addAction(add, 'delete', 'stop apps and take them off the list').alias('del');
  for (const command of [stop, remove]) addIgnoredFlags(command);
  add('reset', 'set the restart counts that are shown to 0', (context, targets, options) => {
    return actionCommand(context, { action: 'reset', done: 'reset', targets, options });
  }).argument('[targets...]', TARGET);
  add('sendSignal', 'send a signal to the processes of apps', signalCommand)
    .argument('<signal>', 'for example SIGUSR2')
    .argument('[targets...]', TARGET);
}

const DONE = { restart: 'restarted', reload: 'reloaded', stop: 'stopped', delete: 'deleted' } as const;

function addAction(add: Add, action: keyof typeof DONE, about: string): Command {
  const command = add(action, about, (context, targets, options) => {
    return actionCommand(context, { action, done: DONE[action], targets, options });
  }).argument('[targets...]', `${TARGET}, a script, or a config file`);
  return addConfigFlags(command).addOption(new Option('-f, --force').hideHelp());
}

function addConfigFlags(command: Command): Command {
  return command
    .option('--env <name>', 'lay env_<name> of the config file over env')
    .option('--only <names>', 'only these apps of the config file, as a,b')
    .option('--attach', 'go on with the output of the apps, until Ctrl-C');
}

function addReadCommands(add: Add): void {
  add('list', 'show all apps in a table', listMoreCommand)
    .aliases(['ls', 'l', 'ps', 'status'])
    .option('--sort <field>', 'order: name, id, cpu, memory, uptime, restarts, status ..., with :desc for the reverse')
    .option('-m, --mini-list', 'a block of "key : value" lines for each instance')
    .option('--watch', 'draw it again every second, until Ctrl-C');
  add('describe', 'show everything about an app', describeCommand)
    .aliases(['desc', 'info', 'show'])
    .argument('[targets...]', TARGET);
  add('why', 'show what happened to an app last, and why', whyCommand).argument('[targets...]', TARGET);
  add('events', 'show what happened to apps, out of the journal', eventsCommand)
    .argument('[targets...]', TARGET)
    .option('--since <time>', 'since then: 10m, 2h, 3d, "2026-11-25 14:00"; without it the latest 50')
    .option('-f, --follow', 'go on with what comes');
  add('jlist', "print PM2's list as JSON", jlistCommand);
  add('prettylist', "print PM2's list as JavaScript", prettylistCommand);
  add('env', 'print the environment of an app', envCommand).argument('[targets...]', TARGET);
  add('pid', 'print process ids', pidCommand).argument('[targets...]', TARGET);
  add('id', 'print the ids of an app', idCommand).argument('[targets...]', TARGET);
}

function addLogCommands(add: Add, wanted: Wanted): void {
  const logs = add('logs', 'show the last lines of apps, then new ones as they come', logsCommand)
    .alias('log')
    .argument('[targets...]', TARGET);
  if (wanted('logs', 'log')) for (const [flags, about] of LOG_FLAGS) logs.option(flags, about);
  add(
    'loki',
    'show what is shipped to Loki (status), or send one line and tell what happens (test)',
    lokiCommand,
  ).argument('<what>', 'status or test');
  add('flush', 'empty the log files and delete the rolled ones', flushCommand).argument('[targets...]', TARGET);
  add('reloadLogs', 'open all log files anew, after they were rotated from outside', reloadLogsCommand);
}
