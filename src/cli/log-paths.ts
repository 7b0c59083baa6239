import { existsSync } from 'node:fs';
import type { LogFileView } from '../api/log-views.ts';
import { segmentsOf } from '../logs/read/segment-file.ts';
import { sideFolder } from '../logs/segments.ts';
import { type CliContext, writeJson } from './context.ts';

/**
 * Prints where logs are: the live files, each followed by the folder of its rolled files, if there is one.
 * @param context of the command; with `--json`, also how many files there are and what they take
 * @param files live files
 */
export function printLogPaths(context: CliContext, files: readonly LogFileView[]): void {
  const places = files.map(({ path, stream, ids, app, namespace }) => {
    const folder = sideFolder(path);
    const segments = segmentsOf(path);
    const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
    const rolled = segments.filter(({ kind }) => kind !== 'live').length;
    return { path, folder: existsSync(folder) ? folder : null, rolled, bytes, stream, ids, app, namespace };
  });
  if (context.json) {
    writeJson(context, places);
    return;
  }
  for (const { path, folder } of places) context.terminal.out(folder === null ? `${path}\n` : `${path}\n${folder}/\n`);
}
