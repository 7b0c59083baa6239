import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Finds what execvp(3) would execute in a child with this environment and working directory.
 * @param file as it was given; with a slash it is a path
 * @param child its variable PATH, and its working directory, from which relative folders in PATH count
 * @returns a path, relative ones from the working directory; null when it is not found, or PATH is not set, where each C
 *   library has a default of its own
 */
export function findProgram(
  file: string,
  child: { readonly searchPath: string | undefined; readonly cwd: string },
): string | null {
  if (file.includes('/')) return file;
  for (const folder of child.searchPath?.split(':') ?? []) {
    const candidate = folder === '' ? file : `${folder}/${file}`;
    if (isProgram(path.resolve(child.cwd, candidate))) return candidate;
  }
  return null;
}

function isProgram(file: string): boolean {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
