import { statSync, utimesSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import type { Home } from '../../base/paths.ts';
import { writeDumpFile } from '../pm2/dump-file.ts';
import { pm2Files } from './home.ts';
import type { Row } from './row.ts';

/**
 * Writes the list as PM2's `save` does, so that PM2 can read it; the one before stays as dump.pm2.bak. Other than PM2's
 * it is for the owner only, as the environments are in it.
 * @param rows of jlist
 * @param home with our own dump, which was written just before
 * @param env of the command
 * @returns the file
 */
export async function writePm2Dump(rows: readonly Row[], home: Home, env: NodeJS.ProcessEnv): Promise<string> {
  const files = pm2Files(home.root, env);
  await writeDumpFile(rows, files);
  sameTime(files.dump, home.dumpFile);
  return files.dump;
}

function sameTime(file: string, as: string): void {
  const { atimeMs, mtimeMs } = statSync(as);
  utimesSync(file, atimeMs / 1000, mtimeMs / 1000);
}

/**
 * Whether PM2 itself has saved after us, or we never did: then its file is what `resurrect` is about.
 * @param home with both dumps
 * @param env of the command
 */
export function isPm2sDumpNewer(home: Home, env: NodeJS.ProcessEnv): boolean {
  const theirs = savedAtMs(pm2Files(home.root, env).dump);
  const ours = savedAtMs(home.dumpFile);
  // Times of files may be kept less exactly than they are set.
  return theirs !== null && (ours === null || theirs > ours + 1);
}

/**
 * Whether there is anything to bring back.
 * @param home with both dumps
 * @param env of the command
 */
export function hasDump(home: Home, env: NodeJS.ProcessEnv): boolean {
  const { dump, dumpBefore } = pm2Files(home.root, env);
  return [home.dumpFile, dump, dumpBefore].some((file) => savedAtMs(file) !== null);
}

function savedAtMs(file: string): number | null {
  try {
    return statSync(file).mtimeMs;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
