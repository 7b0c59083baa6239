import { PromvisorError } from '../../base/errors.ts';

/** A process of PM2, as far as it is needed here. */
export interface Pm2Process {
  /** Null in a dump, which has none. */
  readonly pmId: number | null;
  /** Place in the list. */
  readonly at: number;
  readonly name: string;
  readonly namespace: string;
  readonly slot: number;
  readonly status: string;
  /** Modules of PM2 and its own servers. */
  readonly isPm2s: boolean;
  /** Everything else that PM2 says of it. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Reads the entries of `pm2 jlist` or of a dump.
 * @param value parsed JSON
 * @param from where it comes from, for messages
 * @throws PromvisorError CONFIG_UNREADABLE
 */
export function processesOf(value: unknown, from: string): readonly Pm2Process[] {
  if (!Array.isArray(value)) throw new PromvisorError('CONFIG_UNREADABLE', `${from}: expected a list of processes`);
  return value.map((entry: unknown, at) => {
    const read = isRecord(entry) ? processOf(entry, at) : null;
    if (read !== null) return read;
    throw new PromvisorError(
      'CONFIG_UNREADABLE',
      `${from}: expected a process of PM2 as entry ${at}, with name and pm_exec_path`,
    );
  });
}

function processOf(entry: Readonly<Record<string, unknown>>, at: number): Pm2Process | null {
  const attributes = isRecord(entry['pm2_env']) ? entry['pm2_env'] : entry;
  const { name, namespace, status, pm_exec_path: script } = attributes;
  if (typeof name !== 'string' || typeof script !== 'string') return null;
  const instanceVar = typeof attributes['instance_var'] === 'string' ? attributes['instance_var'] : 'NODE_APP_INSTANCE';
  return {
    pmId: wholeOf(entry['pm_id']),
    at,
    name,
    namespace: typeof namespace === 'string' ? namespace : 'default',
    slot: wholeOf(attributes[instanceVar]) ?? 0,
    status: typeof status === 'string' ? status : 'stopped',
    isPm2s: attributes['pmx_module'] === true || /[/\\]pm2[/\\]lib[/\\]/.test(script),
    attributes,
    env: envOf(attributes['env'], { name, instanceVar }),
  };
}

/** Without what PM2 put in for itself: see PM2's list of variables, and the module settings under the app's name. */
function envOf(value: unknown, { name, instanceVar }: { readonly name: string; readonly instanceVar: string }) {
  const env: Record<string, string> = {};
  for (const [key, text] of Object.entries(isRecord(value) ? value : {})) {
    if (/^PM2_/.test(key) || key === 'unique_id' || key === instanceVar || (key === name && text === '{}')) continue;
    if (typeof text === 'string') env[key] = text;
    else if (text !== null && text !== undefined)
      env[key] = typeof text === 'object' ? JSON.stringify(text) : String(text);
  }
  return env;
}

function wholeOf(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return Number.isSafeInteger(number) && Number(number) >= 0 ? Number(number) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
