import { existsSync } from 'node:fs';
import path from 'node:path';
import { type CliContext, type ExitCode, say, writeJson } from '../context.ts';
import { initSystem } from '../startup/init-system.ts';
import { shellWord } from '../startup/shell-word.ts';
import type { Outcome } from '../startup/systemd-steps.ts';
import { type StartupFlags, type Target, targetOf } from '../startup/target.ts';

type Options = Readonly<Record<string, unknown>>;

/**
 * `startup`: has the init system run the daemon from boot on, or prints the command for root that does.
 * @param context of the command
 * @param operands the platform, or nothing
 * @param options flags
 * @returns 0; 1 when something is left to do by hand
 * @throws PromvisorError USAGE, NOT_SUPPORTED, STARTUP_FAILED
 */
export async function startupCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const flags = flagsOf(operands, options);
  const target = targetOf(context, flags);
  const init = initSystem(target, context.env);
  if (options['print'] === true) {
    context.terminal.out(init.text());
    return 0;
  }
  if (target.needsRoot && !isRoot()) return byHand(context, { verb: 'startup', flags, target });
  return tell(context, { target, file: init.file, outcome: init.install() });
}

/**
 * `unstartup`: the daemon no longer runs from boot on. One that runs goes on.
 * @param context of the command
 * @param operands the platform, or nothing
 * @param options flags
 * @returns 0; 1 when it is left to do by hand
 * @throws PromvisorError USAGE, NOT_SUPPORTED, STARTUP_FAILED
 */
export async function unstartupCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const flags = flagsOf(operands, options);
  const target = targetOf(context, flags);
  const { file, remove } = initSystem(target, context.env);
  if (!existsSync(file)) {
    return tell(context, { target, file, outcome: { done: [`nothing to remove: ${file} is not there`], left: null } });
  }
  if (target.needsRoot && !isRoot()) return byHand(context, { verb: 'unstartup', flags, target });
  return tell(context, { target, file, outcome: remove() });
}

function flagsOf(operands: readonly string[], options: Options): StartupFlags {
  const { user, hp, serviceName } = options;
  return {
    platform: operands[0],
    user: user === true || typeof user === 'string' ? user : undefined,
    hp: typeof hp === 'string' ? hp : undefined,
    serviceName: typeof serviceName === 'string' ? serviceName : undefined,
  };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

interface ByHand {
  readonly verb: 'startup' | 'unstartup';
  readonly flags: StartupFlags;
  readonly target: Target;
}

/** PM2's words: scripts take the last line and run it. */
function byHand(context: CliContext, { verb, flags, target }: ByHand): ExitCode {
  const { platform, service, account, homeFolder } = target;
  const { PROMVISOR_HOME: home } = context.env;
  const words = [
    // Left to the shell of whoever pastes it.
    `PATH=$PATH:${shellWord(path.dirname(service.node))}`,
    ...(home === undefined || home === '' ? [] : [`PROMVISOR_HOME=${shellWord(service.home)}`]),
    shellWord(service.cliFile),
    verb,
    platform,
    ...(flags.serviceName === undefined ? [] : ['--service-name', shellWord(service.name)]),
    '-u',
    shellWord(account.name),
    '--hp',
    shellWord(homeFolder),
  ];
  const command = `sudo env ${words.join(' ')}`;
  const what = verb === 'startup' ? 'setup' : 'unsetup';
  const why = `To ${what} the Startup Script, copy/paste the following command:`;
  return tell(context, { target, file: null, outcome: { done: [], left: { why, command } } });
}

interface Told {
  readonly target: Target;
  /** Null when it was left alone. */
  readonly file: string | null;
  readonly outcome: Outcome;
}

function tell(context: CliContext, { target, file, outcome }: Told): ExitCode {
  const { done, left } = outcome;
  const { platform, service } = target;
  if (context.json) writeJson(context, { platform, service: service.name, file, done, command: left?.command ?? null });
  for (const line of done) say(context, line);
  if (left === null) return 0;
  say(context, left.why);
  say(context, left.command);
  return 1;
}
