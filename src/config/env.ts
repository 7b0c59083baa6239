import type { Reporter } from './findings.ts';
import type { Attributes } from './schema.ts';
import type { Data } from './shapes.ts';
import { kindOf } from './show.ts';

export type Variables = Record<string, string>;

/** What a supervisor tells its own processes; an app would take it for its own. */
const NEVER_PASSED = new Set([
  ...['PM2_USAGE', 'PM2_JSON_PROCESSING', 'PM2_INTERACTOR_PROCESSING'],
  ...['pm_id', 'pm_exec_path', 'pm_cwd', 'pm_out_log_path', 'pm_err_log_path', 'pm_pid_path', 'pm_uptime'],
  ...['instance_var', 'NODE_APP_INSTANCE', 'unique_id', 'exec_mode', 'exec_interpreter', 'restart_time'],
  ...['unstable_restarts', 'autostart', 'autorestart', 'treekill', 'increment_var', 'node_args', 'created_at'],
  ...['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'],
]);
/** Names that anybody may use; beside a `pm_id` they are a supervisor's, too. */
const OF_A_SUPERVISED_SHELL = new Set(['name', 'namespace', 'instances', 'status', 'username', 'args']);

/**
 * Takes from the shell what an app is to get.
 * @param shell the environment of the command
 * @param filter `filter_env`: true for nothing, a name, or parts of names
 * @returns a copy without what is filtered and without the supervisor's own variables
 */
export function shellVariables(shell: NodeJS.ProcessEnv, filter: Attributes['filter_env']): Variables {
  if (filter === true) return {};
  const passed: Variables = {};
  const isSupervised = shell['pm_id'] !== undefined;
  for (const [name, value] of Object.entries(shell)) {
    if (value === undefined || NEVER_PASSED.has(name) || name.startsWith('PROMVISOR_')) continue;
    if (isSupervised && OF_A_SUPERVISED_SHELL.has(name)) continue;
    const filtered = Array.isArray(filter) ? filter.some((part) => name.includes(part)) : name === filter;
    if (!filtered) passed[name] = value;
  }
  return passed;
}

/** Gives what an app with this `filter_env` gets of the shell's variables. */
export type ShellReader = (filter: Attributes['filter_env']) => Readonly<Variables>;

/**
 * Makes a reader that looks through the shell's variables once for all apps that filter none.
 * @param shell the environment of the command
 */
export function createShellReader(shell: NodeJS.ProcessEnv): ShellReader {
  let unfiltered: Variables | null = null;
  return (filter) => {
    if (filter !== undefined) return shellVariables(shell, filter);
    unfiltered ??= shellVariables(shell, undefined);
    return unfiltered;
  };
}

/** Variables of one block; null takes a variable away. */
export type Block = Readonly<Record<string, string | null>>;

/**
 * Turns a block of the file into variables: objects and lists become JSON.
 * @param block values as written
 * @param key `env` or `env_NAME`, for messages
 * @param reporter told of what can be no variable; values are never shown
 * @returns name -> text, or null for a variable that is to be taken away
 */
export function readBlock(block: Data, key: string, reporter: Reporter): Block {
  const variables: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(block)) {
    const where = `${key}.${name}`;
    if (!isVariableName(name)) {
      reporter.problem({ key: where, expected: 'a name without "=" and zero bytes', got: JSON.stringify(name) });
      continue;
    }
    const text = textOf(value);
    if (text === undefined || text?.includes('\0')) {
      reporter.problem({
        key: where,
        expected: 'text without zero bytes, a number, true, false or plain data',
        got: kindOf(value),
      });
    } else {
      define(variables, name, text);
    }
  }
  return variables;
}

function isVariableName(name: string): boolean {
  return name !== '' && !/[=\0]/.test(name);
}

/** Text of a value, null for none, undefined when it cannot be one. */
function textOf(value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return undefined;
  try {
    return JSON.stringify(value);
  } catch {
    // A big number inside an object: https://tc39.es/ecma262/#sec-serializejsonproperty
    return undefined;
  }
}

/** Sets a key as data, whatever it is called: `__proto__` is a name like any other. */
function define<T>(on: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(on, name, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Lays blocks over each other.
 * @param base what is there first
 * @param blocks later ones win
 * @returns all variables
 */
export function layOver(base: Readonly<Variables>, blocks: readonly Block[]): Variables {
  const merged = { ...base };
  for (const block of blocks) {
    for (const [name, value] of Object.entries(block)) {
      if (value === null) delete merged[name];
      else define(merged, name, value);
    }
  }
  return merged;
}
