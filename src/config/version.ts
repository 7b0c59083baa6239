import { readFileSync } from 'node:fs';
import path from 'node:path';

const UNKNOWN = 'N/A';

/**
 * Makes a finder of versions that looks into each folder once: the apps of a file mostly share theirs.
 * @returns a function from the absolute path of a folder to the version in the nearest package.json above, or `N/A`
 */
export function createVersionFinder(): (directory: string) => string {
  const known = new Map<string, string>();
  return (directory) => {
    const version = known.get(directory) ?? versionAt(directory);
    known.set(directory, version);
    return version;
  };
}

function versionAt(directory: string): string {
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
