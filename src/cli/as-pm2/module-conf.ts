import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../base/atomic-file.ts';
import { errnoOf, messageOf, PromvisorError } from '../../base/errors.ts';

/** What `set` of PM2 keeps: values by their keys, those of a module or an app in a group of its name. */
export type ModuleConf = Readonly<Record<string, unknown>>;

/**
 * Reads module_conf.json.
 * @param file as pm2Files names it
 * @returns its content, empty where there is none
 * @throws PromvisorError SETTINGS_INVALID when it is no JSON object
 */
export async function readModuleConf(file: string): Promise<ModuleConf> {
  try {
    const conf: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isGroup(conf)) return conf;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw new PromvisorError('SETTINGS_INVALID', `${file}: ${messageOf(error)}`, { cause: error });
  }
  throw new PromvisorError('SETTINGS_INVALID', `${file}: expected an object`);
}

/**
 * Writes module_conf.json as PM2 does, but for the owner only.
 * @param file as pm2Files names it
 * @param conf its content
 */
export async function writeModuleConf(file: string, conf: ModuleConf): Promise<void> {
  await replaceFile(file, JSON.stringify(conf, null, 4), false);
}

/**
 * The module or app of a key such as `pm2-logrotate:retain`, and the name in it.
 * @param key `GROUP:NAME` or `GROUP.NAME`
 * @returns null for a key of no group
 */
export function groupOf(key: string): { readonly group: string; readonly name: string } | null {
  const [group, name] = key.split(/[:.]/);
  return group === undefined || name === undefined ? null : { group, name };
}

/** What is kept under a key, undefined when nothing is. */
export function valueAt(conf: ModuleConf, key: string): unknown {
  return pathOf(key).reduce<unknown>(
    (at, word) => (isGroup(at) && Object.hasOwn(at, word) ? at[word] : undefined),
    conf,
  );
}

/**
 * Puts a value under a key.
 * @param conf what is kept
 * @param key with `:` or `.` between the names of groups
 * @param value undefined takes the key out
 * @returns what is to be kept
 */
export function withValue(conf: ModuleConf, key: string, value: string | undefined): ModuleConf {
  return put(conf, pathOf(key), value);
}

/** A dot separates names, and where there is none a colon does. */
function pathOf(key: string): string[] {
  return key.split(key.includes('.') ? '.' : ':');
}

function put(conf: ModuleConf, [word = '', ...more]: readonly string[], value: string | undefined): ModuleConf {
  const inner = Object.hasOwn(conf, word) ? conf[word] : undefined;
  if (more.length > 0) return { ...conf, [word]: put(isGroup(inner) ? inner : {}, more, value) };
  if (value !== undefined) return { ...conf, [word]: value };
  return Object.fromEntries(Object.entries(conf).filter(([name]) => name !== word));
}

/**
 * The values of groups, as commands that would set them.
 * @param conf what is kept
 * @param only one group; all when left out
 * @returns lines
 */
export function confLines(conf: ModuleConf, only?: string): string[] {
  return Object.entries(conf).flatMap(([group, values]) => {
    if (!isGroup(values) || (only !== undefined && only !== group)) return [];
    const lines = Object.entries(values).map(([name, value]) => `$ pm2 set ${group}:${name} ${String(value)}`);
    return [`Module: ${group}`, ...lines];
  });
}

/**
 * What a restarted app is given of its group: each value, and all of them as JSON under its own name.
 * @param conf what is kept
 * @param app name of the group
 * @returns variables
 */
export function confVariables(conf: ModuleConf, app: string): Record<string, string> {
  const group = Object.hasOwn(conf, app) ? conf[app] : undefined;
  if (!isGroup(group)) return {};
  const values = Object.entries(group).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { ...Object.fromEntries(values), [app]: JSON.stringify(group) };
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
