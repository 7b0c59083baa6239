import type { Reporter } from './findings.ts';
import { FILE_KEYS, spellingsOf, unknownKey } from './keys.ts';
import { copyOf, kindOf, show } from './show.ts';

/** Far more than a host runs; a larger list is a mistake. */
const MOST_APPS = 1000;
const NO_DEPLOY =
  'code is not deployed here; bring it to the host with ssh, rsync, git or a CI job, and run "promvisor reload FILE" there. Only env of the block is read';
const SHAPES = 'a list of apps: { apps: [...] }, an array, or one app with a script';

export type Data = Readonly<Record<string, unknown>>;

/** What a configuration holds, before anything in it is looked at. */
export interface Contents {
  readonly apps: readonly Data[];
  /** PM2's `deploy` block: its `env` ranks lowest. */
  readonly deploy: Data;
  /** PM2's `static` block: folders that are served, each by an app. */
  readonly served: unknown;
}

const NOTHING: Contents = { apps: [], deploy: {}, served: undefined };

/**
 * Finds the apps in any shape that PM2 knows: `{ apps }`, an array, one app, or one of these under `pm2`.
 * @param raw what the file gave
 * @param reporter told of what is no app
 * @returns the apps, each an object
 */
export function contentsOf(raw: unknown, reporter: Reporter): Contents {
  const list = Array.isArray(raw) ? raw : null;
  if (list !== null) return { ...NOTHING, apps: appsIn(list, reporter) };
  if (!isData(raw)) {
    reporter.problem({ key: 'apps', expected: SHAPES, got: show(raw) });
    return NOTHING;
  }
  const nested = read(raw, 'pm2', reporter);
  const inner = isData(nested) || Array.isArray(nested) ? nested : raw;
  if (Array.isArray(inner)) return { ...NOTHING, apps: appsIn(inner, reporter) };
  const deploy = read(inner, 'deploy', reporter);
  const served = read(inner, 'static', reporter);
  const hasOthers = deploy !== undefined || served !== undefined;
  const apps = appsOfObject(inner, hasOthers, reporter);
  if (deploy !== undefined && apps.length > 0) reporter.note({ key: 'deploy', text: `deploy: ${NO_DEPLOY}` });
  return { apps, deploy: isData(deploy) ? deploy : {}, served };
}

/** @param hasOthers whether the file has something else of PM2's in it, and need not have apps for that */
function appsOfObject(file: Data, hasOthers: boolean, reporter: Reporter): readonly Data[] {
  const apps = read(file, 'apps', reporter);
  if (apps !== undefined) {
    for (const key of Object.keys(file)) {
      if (!FILE_KEYS.some((known) => known === key)) reporter.warn(unknownKey(key, FILE_KEYS));
    }
    if (Array.isArray(apps)) return apps.length === 0 && hasOthers ? [] : appsIn(apps, reporter);
    if (isData(apps)) return [apps];
    reporter.problem({ key: 'apps', expected: SHAPES, got: show(apps) });
    return [];
  }
  const spellings = [...spellingsOf(['script'])].filter(([, key]) => key === 'script');
  if (spellings.some(([spelling]) => Object.hasOwn(file, spelling))) return [file];
  const keys = Object.keys(file);
  if (hasOthers && keys.every((key) => FILE_KEYS.some((known) => known === key))) {
    if (file['static'] === undefined) {
      reporter.problem({ key: 'deploy', expected: 'a file with apps', got: 'deploy alone', note: NO_DEPLOY });
    }
    return [];
  }
  const got =
    keys.length === 0
      ? 'an empty object'
      : `an object with ${keys
          .slice(0, 5)
          .map((key) => show(key))
          .join(', ')}`;
  reporter.problem({ key: 'apps', expected: SHAPES, got });
  return [];
}

function appsIn(list: readonly unknown[], reporter: Reporter): readonly Data[] {
  if (list.length === 0 || list.length > MOST_APPS) {
    reporter.problem({ key: 'apps', expected: `1 to ${MOST_APPS} apps`, got: `a list of ${list.length}` });
    return [];
  }
  return Array.from(list).filter((item, index): item is Data => {
    if (isData(item)) return true;
    reporter.problem({ key: `apps[${index}]`, expected: 'an object that describes one app', got: show(item) });
    return false;
  });
}

/** Reads a key of an object of a user's module: a getter may throw. */
function read(from: Data, key: string, reporter: Reporter): unknown {
  try {
    return from[key];
  } catch (error) {
    reporter.problem({ key, expected: 'a value that can be read', got: `an error: ${String(error)}` });
    return undefined;
  }
}

/**
 * Tells an object with keys from everything else.
 * @param value anything
 * @returns true for objects that are no arrays
 */
export function isData(value: unknown): value is Data {
  try {
    return kindOf(value) === 'an object' && Object.keys(Object(value)).length >= 0;
  } catch {
    // A proxy may refuse to say its keys.
    return false;
  }
}

/**
 * Copies a key out of an object of a user's module.
 * @param from the object
 * @param key its key
 * @returns plain data, or what went wrong in words
 */
export function plainValue(from: Data, key: string): { readonly value: unknown } | { readonly error: string } {
  try {
    return { value: copyOf(from[key]) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
