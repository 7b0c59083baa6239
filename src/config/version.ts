import { readFileSync } from 'node:fs';
import path from 'node:path';

const UNKNOWN = 'N/A';

/**
 * Finds the version of an app in the nearest package.json above.
 * @param directory absolute path where the app's script lies
 * @returns the version, or `N/A`
 */
export function versionAt(directory: string): string {
  for (let at = directory; ; at = path.dirname(at)) {
    const version = versionIn(path.join(at, 'package.json'));
    if (version !== null) return version;
    if (path.dirname(at) === at) return UNKNOWN;
  }
}

/** Null when there is no such file; a file without a version ends the search all the same. */
function versionIn(file: string): string | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : null;
    return typeof version === 'string' && version !== '' ? version.slice(0, 100) : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}
