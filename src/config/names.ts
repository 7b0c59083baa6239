import path from 'node:path';

/**
 * Names an app after its script.
 * @param script a path or a shell line
 * @returns the last part of the path without its last extension
 */
export function nameOfScript(script: string): string {
  const trimmed = script.trim();
  return path.parse(trimmed).name || trimmed;
}

export interface NameParts {
  readonly name: string;
  readonly prefix: string | undefined;
  /** Put after the name, or null. */
  readonly envName: string | null;
}

/**
 * Puts a name together.
 * @param parts name_prefix, name, and the name of --env where append_env_to_name asks for it
 * @returns `prefix:name-env`
 */
export function fullName({ name, prefix, envName }: NameParts): string {
  const withEnv = envName === null ? name : `${name}-${envName}`;
  return prefix === undefined ? withEnv : `${prefix}:${withEnv}`;
}

/**
 * Makes a name safe for a file, as PM2 does.
 * @param name of an app
 * @returns letters, digits, dots and dashes
 */
export function fileNameOf(name: string): string {
  return name.replace(/[^A-Za-z0-9.-]/g, '-');
}
