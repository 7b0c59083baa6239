import type { AppSpec } from '../core/spec.ts';
import { maskText, maskVariable } from './mask.ts';
import { type KeyValue, SPEC_KEYS } from './spec-keys.ts';

/** Instances of the list that are of one app. */
export interface ListedApp {
  readonly name: string;
  readonly namespace: string;
  /** What each instance is made from, at least one. */
  readonly specs: readonly AppSpec[];
}

export interface KeyChange {
  readonly key: string;
  /** Null where there is nothing. */
  readonly from: KeyValue;
  readonly to: KeyValue;
}

/** What a start or a reload of a config file would do to one app. */
export interface AppDiff {
  readonly name: string;
  readonly namespace: string;
  readonly change: 'added' | 'changed' | 'removed' | 'same';
  readonly changes: readonly KeyChange[];
  /** Names of variables that would change and that the file says nothing of: they are the shell's. */
  readonly shell: readonly string[];
  readonly notes: readonly string[];
}

export interface Wanted {
  readonly apps: readonly AppSpec[];
  /** Absolute path, null for stdin. Apps that came from it and are not in it any more are told; null tells none. */
  readonly file: string | null;
}

/** Shells change them by themselves; the working directory is told by `cwd`. */
const SESSION = new Set(['_', 'SHLVL', 'OLDPWD', 'PWD']);

/**
 * Compares a config file with what is on the list.
 * @param wanted what the file says
 * @param listed what is there
 * @returns an entry for each app of the file, in its order, then those that left it
 */
export function diffApps({ apps, file }: Wanted, listed: readonly ListedApp[]): readonly AppDiff[] {
  const named = new Map(listed.map((app) => [keyOf(app), app]));
  const wantedKeys = new Set(apps.map(keyOf));
  const left = listed.filter((app) => file !== null && isFrom(app, file) && !wantedKeys.has(keyOf(app)));
  return [
    ...apps.map((spec) => {
      const app = named.get(keyOf(spec));
      return app === undefined ? added(spec) : compared(spec, app);
    }),
    ...left.map(removed),
  ];
}

function keyOf({ name, namespace }: { readonly name: string; readonly namespace: string }): string {
  return JSON.stringify([namespace, name]);
}

function isFrom({ specs }: ListedApp, file: string): boolean {
  return specs.some(({ configFile }) => configFile === file);
}

function added({ name, namespace, process }: AppSpec): AppDiff {
  const { execMode, instances, interpreter, script } = process;
  const program = interpreter === 'none' ? maskText(script) : `${interpreter} ${maskText(script)}`;
  const notes = [`${execMode}${instances === 1 ? '' : ` x ${instances}`}, ${program}`];
  return { name, namespace, change: 'added', changes: [], shell: [], notes };
}

function removed({ name, namespace }: ListedApp): AppDiff {
  const notes = [`is not in the file any more; start and reload leave it as it is, "promvisor delete" takes it away`];
  return { name, namespace, change: 'removed', changes: [], shell: [], notes };
}

function compared(spec: AppSpec, { name, namespace, specs }: ListedApp): AppDiff {
  const count = instanceChange(spec, specs);
  const changes = [
    ...(count === null ? [] : [count.change]),
    ...keyChanges(spec, specs),
    ...variableChanges(spec, specs),
  ];
  const change = changes.length === 0 ? 'same' : 'changed';
  const notes = [...(count?.note === undefined ? [] : [count.note]), ...sourceNotes(spec, specs)];
  return { name, namespace, change, changes, shell: shellVariables(spec, specs), notes };
}

function instanceChange(
  { name, process: { instances } }: AppSpec,
  { length }: readonly AppSpec[],
): { readonly change: KeyChange; readonly note?: string } | null {
  if (instances === length) return null;
  const change = { key: 'instances', from: length, to: instances };
  if (instances > length) return { change };
  return { change, note: `start and reload take no instance away: promvisor scale ${name} ${instances}` };
}

/** Instances may have been restarted one by one with other values: the first that differs is told. */
function keyChanges(spec: AppSpec, specs: readonly AppSpec[]): KeyChange[] {
  return Object.entries(SPEC_KEYS).flatMap(([key, { shown, exact = shown }]) => {
    const other = specs.find((one) => !isSame(exact(one), exact(spec)));
    return other === undefined ? [] : [{ key, from: shown(other), to: shown(spec) }];
  });
}

function isSame(a: KeyValue, b: KeyValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function variableChanges(spec: AppSpec, specs: readonly AppSpec[]): KeyChange[] {
  const names = new Set([spec, ...specs].flatMap(ownNames));
  return [...names].sort().flatMap((name) => {
    const other = specs.find((one) => variableOf(one, name) !== variableOf(spec, name));
    if (other === undefined) return [];
    return [{ key: `env.${name}`, from: masked(other, name), to: masked(spec, name) }];
  });
}

function shellVariables(spec: AppSpec, specs: readonly AppSpec[]): string[] {
  const own = new Set([spec, ...specs].flatMap(ownNames));
  const names = new Set([spec, ...specs].flatMap(({ process }) => Object.keys(process.env)));
  return [...names]
    .filter((name) => !own.has(name) && !SESSION.has(name))
    .filter((name) => specs.some((one) => variableOf(one, name) !== variableOf(spec, name)))
    .sort();
}

function sourceNotes({ configFile }: AppSpec, specs: readonly AppSpec[]): string[] {
  const other = specs.find((one) => one.configFile !== configFile);
  if (other === undefined) return [];
  return [`was started from ${other.configFile ?? 'a command line'}`];
}

function ownNames({ process: { ownVariables = [] } }: AppSpec): readonly string[] {
  return ownVariables;
}

function variableOf({ process: { env } }: AppSpec, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function masked(spec: AppSpec, name: string): string | null {
  const value = variableOf(spec, name);
  return value === undefined ? null : maskVariable(name, value);
}
