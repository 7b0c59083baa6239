import { availableParallelism } from 'node:os';
import path from 'node:path';
import { PromvisorError } from '../base/errors.ts';
import type { ResolveContext } from '../config/context.ts';
import type { CliContext } from './context.ts';

const STDIN = '-';
const STDIN_LIMIT_BYTES = 16 * 1024 * 1024;

export interface ConfigInput {
  /** A config file or `-`, or what stands for an app: a script, a shell line. */
  readonly operand: string;
  readonly fromConfig: boolean;
  /** Flags as ecosystem keys. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** `--env`, `--only` */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Reads what describes apps.
 * @param input a config file is loaded, `-` is read from stdin, anything else is a script
 * @returns its content, unchecked
 * @throws PromvisorError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, NOT_SUPPORTED
 */
export async function readInput({ operand, fromConfig }: ConfigInput): Promise<unknown> {
  if (!fromConfig) return { script: operand };
  const { loadConfigFile, parseConfigText } = await import('../config/load.ts');
  if (operand !== STDIN) return loadConfigFile(operand);
  return parseConfigText(await readStdin(), 'stdin');
}

/**
 * Says where an input was given.
 * @param context of the command
 * @param input read already: a config file may have set variables
 */
export function resolveContext(context: CliContext, input: ConfigInput): ResolveContext {
  const { operand, fromConfig, options, overrides } = input;
  const only = textOption(options, 'only');
  return {
    source: sourceName(input),
    configFile: fromConfig && operand !== STDIN ? path.resolve(context.cwd, operand) : null,
    cwd: context.cwd,
    // process.env asks the system for every variable, each time.
    env: { ...context.env },
    envName: textOption(options, 'env'),
    only: only?.split(',').map((name) => name.trim()) ?? null,
    cpus: availableParallelism(),
    home: context.home,
    overrides,
  };
}

/**
 * Names an input in messages.
 * @param input a file, stdin or a command line
 */
export function sourceName({ operand, fromConfig }: Pick<ConfigInput, 'operand' | 'fromConfig'>): string {
  if (!fromConfig) return 'command line';
  return operand === STDIN ? 'stdin' : path.basename(operand);
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > STDIN_LIMIT_BYTES) {
      throw new PromvisorError(
        'CONFIG_UNREADABLE',
        `stdin: expected at most ${STDIN_LIMIT_BYTES} bytes of configuration`,
      );
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

function textOption(options: ConfigInput['options'], name: string): string | null {
  const value = options[name];
  return typeof value === 'string' ? value : null;
}
