import { type Client, createClient } from '../api/client.ts';
import { leftBehind } from '../api/left-behind.ts';
import type { Home } from '../base/paths.ts';
import type { Terminal } from './terminal.ts';

/** What every command has. */
export interface CliContext {
  readonly home: Home;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Program of the daemon. */
  readonly daemonFile: string;
  readonly terminal: Terminal;
  /** `--json`: data instead of text. */
  readonly json: boolean;
  /** `--silent`: nothing but data and errors. */
  readonly silent: boolean;
  /** What followed `--`, for the app itself. */
  readonly appArgs: readonly string[];
  /** Unix milliseconds. */
  readonly nowMs: () => number;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly silent?: boolean;
  readonly color?: boolean;
}

/** A finished command: the exit code of the process. */
export type ExitCode = number;

/**
 * The daemon for commands that do not start one, unless the last one died and left apps: then they get a new one, which
 * takes those over.
 * @param context of the command
 * @returns a client; calls fail with NO_DAEMON when none runs
 */
export function reader(context: CliContext): Client {
  // Calls made side by side find the same daemon gone: one new one, told once.
  let reviving: Promise<boolean> | null = null;
  return createClient(context.home.socket, () => {
    reviving ??= revive(context).finally(() => {
      reviving = null;
    });
    return reviving;
  });
}

async function revive(context: CliContext): Promise<boolean> {
  if (!leftBehind(context.home)) return false;
  const { connect } = await import('../api/connect.ts');
  const { ping } = await connect(context);
  const took = `took over ${ping.adopted} ${ping.adopted === 1 ? 'process' : 'processes'}`;
  context.terminal.err(`the daemon had ended; a new one (pid ${ping.pid}) ${took}\n`);
  return true;
}

/**
 * Tells people what is done; says nothing with `--json` or `--silent`.
 * @param context of the command
 * @param line without newline
 */
export function say(context: CliContext, line: string): void {
  if (!context.json && !context.silent) context.terminal.out(`${line}\n`);
}

/**
 * Writes data as one JSON document.
 * @param context of the command
 * @param value JSON data
 */
export function writeJson(context: CliContext, value: unknown): void {
  context.terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}
