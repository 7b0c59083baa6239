import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { PromvisorError } from '../base/errors.ts';
import type { AppSpec } from '../core/spec.ts';
import { overridesOf } from './app-flags.ts';
import { readInput, resolveContext } from './config-input.ts';
import type { CliContext } from './context.ts';

type Options = Readonly<Record<string, unknown>>;

const CONFIG_NAME = /(?:\.config\.(?:[cm]?js|[cm]?ts)|\.(?:json5?|ya?ml))$/;
/** Looked for, in this order, when nothing is said. */
const DEFAULT_CONFIGS = ['js', 'cjs', 'mjs', 'ts', 'json', 'yml', 'yaml'].map((end) => `ecosystem.config.${end}`);
const STDIN = '-';

/** Apps that a person named on the command line, ready for the daemon. */
export interface AppSource {
  readonly apps: readonly AppSpec[];
  /** True for a config file (or stdin): apps that are there take over its values. */
  readonly fromConfig: boolean;
}

/**
 * Tells a config file from other operands.
 * @param operand of a command
 * @param cwd working directory
 * @returns true for `-` and for an existing file with the name of a config file
 */
export function isConfig(operand: string, cwd: string): boolean {
  return operand === STDIN || (CONFIG_NAME.test(operand) && isFile(operand, cwd));
}

/**
 * Tells whether an operand can only be a file: it is one, and is written as a path.
 * @param operand of a command
 * @param cwd working directory
 */
export function isFilePath(operand: string, cwd: string): boolean {
  return operand.includes('/') && isFile(operand, cwd);
}

/**
 * Finds the config file of a folder.
 * @param cwd working directory
 * @param command for the message
 * @returns its name
 * @throws PromvisorError USAGE when there is none
 */
export function defaultConfig(cwd: string, command = 'start'): string {
  const found = DEFAULT_CONFIGS.find((name) => isFile(name, cwd));
  if (found !== undefined) return found;
  throw new PromvisorError(
    'USAGE',
    `${command}: expected ${command === 'start' ? 'a script, a config file or a name' : 'a config file'}, or an ecosystem.config.* in ${cwd}`,
  );
}

/**
 * Makes apps of an operand: a config file, stdin, a script or a shell line.
 * @param context of the command
 * @param operand as written
 * @param options of the command: flags of an app, `--env`, `--only`
 * @returns the apps, fully resolved; warnings have been printed
 * @throws PromvisorError CONFIG_INVALID, CONFIG_NOT_FOUND, CONFIG_UNREADABLE, USAGE
 */
export async function loadApps(context: CliContext, operand: string, options: Options): Promise<AppSource> {
  const fromConfig = isConfig(operand, context.cwd);
  if (!fromConfig) {
    if (CONFIG_NAME.test(operand) && !/\s/.test(operand)) {
      throw new PromvisorError('CONFIG_NOT_FOUND', `${path.resolve(context.cwd, operand)}: no such config file`);
    }
    refuseConfigFlags(operand, options);
  }
  const overrides = { ...overridesOf(options), ...(context.appArgs.length > 0 ? { args: context.appArgs } : {}) };
  return resolveOperand(context, { operand, overrides, options });
}

/**
 * Refuses flags that only have a meaning for the apps of a config file.
 * @param operand what was given instead of one
 * @param options `--env`, `--only`
 * @throws PromvisorError USAGE
 */
export function refuseConfigFlags(operand: string, options: Options): void {
  const flag = (['env', 'only'] as const).find((name) => options[name] !== undefined);
  if (flag === undefined) return;
  throw new PromvisorError('USAGE', `--${flag}: expected a config file, got "${operand}"`);
}

export interface Operand {
  /** A config file, `-`, a script or a shell line. */
  readonly operand: string;
  /** Keys of the ecosystem file that win over what the file says. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** `--env`, `--only` */
  readonly options: Options;
}

/**
 * Makes apps of an operand and of keys that were said beside it.
 * @param context of the command
 * @param what the operand, the keys
 * @returns the apps, fully resolved; warnings have been printed
 * @throws PromvisorError CONFIG_INVALID, CONFIG_NOT_FOUND, CONFIG_UNREADABLE
 */
export async function resolveOperand(
  context: CliContext,
  { operand, overrides, options }: Operand,
): Promise<AppSource> {
  const fromConfig = isConfig(operand, context.cwd);
  // The schema and the readers of files are big: they are loaded where they are needed.
  const { resolveApps } = await import('../config/resolve.ts');
  const input = { operand, fromConfig, overrides, options };
  const raw = await readInput(input);
  const { apps, warnings } = await resolveApps(raw, resolveContext(context, input));
  const { terminal } = context;
  for (const warning of warnings) terminal.err(`${terminal.paintError('yellow', 'promvisor:')} warning: ${warning}\n`);
  return { apps, fromConfig };
}

/**
 * @param operand of a command
 * @param cwd working directory
 * @returns true for the name of a file that is there
 */
export function isFile(operand: string, cwd: string): boolean {
  const file = path.resolve(cwd, operand);
  return existsSync(file) && statSync(file).isFile();
}
