import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

export interface ScriptQuery {
  readonly script: string;
  /** Absolute. */
  readonly cwd: string;
  /** PATH of the app. */
  readonly searchPath: string;
}

/** What a `script` turned out to be. */
export type FoundScript =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'shell_line' }
  | { readonly type: 'missing'; readonly path: string }
  | { readonly type: 'no_file'; readonly path: string };

/**
 * Finds a script: relative to the working directory, then in PATH; text with blanks that is no file is a shell line.
 * @param query the script as written, and where to look
 * @returns what it is; for a missing one the path that was looked at first
 */
export function findScript({ script, cwd, searchPath }: ScriptQuery): FoundScript {
  const file = path.resolve(cwd, script);
  const kind = kindAt(file);
  if (kind === 'file') return { type: 'file', path: file };
  if (/\s/.test(script.trim())) return { type: 'shell_line' };
  const program = script.includes('/') ? null : inPath(script, searchPath);
  if (program !== null) return { type: 'file', path: program };
  return { type: kind === 'none' ? 'missing' : 'no_file', path: file };
}

/**
 * Looks a program up as execvp(3) does.
 * @param name without a slash
 * @param searchPath directories with colons between
 * @returns its absolute path, or null
 */
export function inPath(name: string, searchPath: string): string | null {
  for (const directory of searchPath.split(path.delimiter)) {
    const file = path.resolve(directory, name);
    if (path.isAbsolute(directory) && kindAt(file) === 'file' && isExecutable(file)) return file;
  }
  return null;
}

/**
 * Tells whether a directory is there.
 * @param directory absolute path
 * @returns true for a directory
 */
export function isDirectory(directory: string): boolean {
  return kindAt(directory) === 'directory';
}

function kindAt(file: string): 'file' | 'directory' | 'other' | 'none' {
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) return 'directory';
    return stat.isFile() ? 'file' : 'other';
  } catch {
    // A path that is not there, or goes through a file, or through a locked directory, leads nowhere.
    return 'none';
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
