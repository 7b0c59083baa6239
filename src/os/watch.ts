import path from 'node:path';
import { watch as open } from 'chokidar';
import picomatch from 'picomatch';
import { messageOf } from '../base/errors.ts';
import type { WatchSpec } from '../core/spec.ts';

export interface Watcher {
  close(): Promise<void>;
}

export interface WatchHandlers {
  /** A file was added, changed or removed. */
  onChange(file: string): void;
  onProblem(problem: string): void;
}

/** Dot files and installed packages are not what a developer edits: PM2's default. */
const ALWAYS_IGNORED = /(^|[/\\])(\.[^/\\.][^/\\]*|node_modules)([/\\]|$)/;

/**
 * Watches files of one app.
 * @param watch absolute paths, what to ignore, and how
 * @param handlers told of each change after the first look
 * @returns the watcher
 */
export function watchFiles(watch: WatchSpec, handlers: WatchHandlers): Watcher {
  const ignores = watch.ignore.map((pattern) => ignoreTest(pattern));
  const watcher = open([...watch.paths], {
    ignoreInitial: true,
    usePolling: watch.usePolling,
    interval: watch.intervalMs,
    ignored: (file) => {
      const relative = relativeTo(watch.paths, file);
      return ALWAYS_IGNORED.test(relative) || ignores.some((test) => test(relative, file));
    },
  });
  watcher.on('all', (_event, file) => handlers.onChange(file));
  watcher.on('error', (error) => handlers.onProblem(messageOf(error)));
  return watcher;
}

function relativeTo(roots: readonly string[], file: string): string {
  const root = roots.find((candidate) => file === candidate || file.startsWith(candidate + path.sep));
  return root === undefined ? file : path.relative(root, file);
}

/** PM2 users write names ("logs"), paths, globs ("*.log") and regular expressions in text ("[\\/\\\\]\\./"). */
function ignoreTest(pattern: string): (relative: string, file: string) => boolean {
  const isGlob = picomatch.scan(pattern).isGlob;
  if (!isGlob) {
    const plain = pattern.replace(/^\.\//, '').replace(/\/$/, '');
    return (relative, file) =>
      relative.split(path.sep).includes(plain) || within(plain, relative) || within(plain, file);
  }
  const glob = picomatch(pattern, { dot: true, matchBase: !pattern.includes('/') });
  const regex = asRegex(pattern);
  return (relative, file) => glob(relative) || glob(file) || (regex?.test(relative) ?? false);
}

function within(root: string, file: string): boolean {
  return file === root || file.startsWith(root + path.sep);
}

/** Only text that no glob would contain is taken for a regular expression. */
function asRegex(pattern: string): RegExp | null {
  if (!/\\|\^|\$$|\.\*|\.\+/.test(pattern)) return null;
  try {
    return new RegExp(pattern);
  } catch {
    return null;
  }
}
