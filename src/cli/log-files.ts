import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { LogFileView } from '../api/log-views.ts';
import { errnoOf } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import { parseSelector, selects } from '../core/selector.ts';
import { END } from '../logs/read/position.ts';

/** `<name>-out.log` and `<name>-out-<id>.log`, where output goes when nothing else is said, and `.d` with rolled files. */
const DEFAULT_NAME = /^((.+)-(out|error)(?:-(\d+))?\.log)(?:\.d)?$/;

/**
 * Finds logs without a daemon: the files of default names in the home.
 * @param home paths of the product
 * @param targets names, ids or patterns; none means all
 * @returns the files by name
 */
export function findLogFiles(home: Home, targets: readonly string[]): LogFileView[] {
  const selectors = targets.map(parseSelector).flatMap((selector) => ('error' in selector ? [] : [selector]));
  const files = new Map<string, LogFileView>();
  for (const name of namesIn(home.logsDir)) {
    const [, live, app, stream, id] = DEFAULT_NAME.exec(name) ?? [];
    if (live === undefined || app === undefined || (stream !== 'out' && stream !== 'error')) continue;
    const ids = id === undefined ? [] : [Number(id)];
    // Which id wrote a shared file is not known: -1 is nobody's.
    const about = { id: ids[0] ?? -1, name: app, namespace: '' };
    if (targets.length > 0 && !selectors.some((selector) => selects(selector, about))) continue;
    const { seq, offset: bytes } = END;
    files.set(live, { path: path.join(home.logsDir, live), stream, seq, bytes, ids, slots: [], app, namespace: '' });
  }
  return [...files.values()];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
