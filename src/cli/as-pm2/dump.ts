import { linkSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { replaceFile } from '../../base/atomic-file.ts';
import { errnoOf } from '../../base/errors.ts';
import type { Home } from '../../base/paths.ts';
import { type Pm2Files, pm2Files } from './home.ts';
import type { Row } from './row.ts';

/** Keys of a process that PM2 leaves out, as they are given anew. */
const NOT_KEPT = new Set(['instances', 'pm_id', 'prev_restart_delay']);

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
  const entries = rows.map(({ pm2_env }) =>
    Object.fromEntries(Object.entries(pm2_env).filter(([key]) => !NOT_KEPT.has(key))),
  );
  keepBefore(files);
  await replaceFile(files.dump, JSON.stringify(entries, null, 2), false);
  sameTime(files.dump, home.dumpFile);
  return files.dump;
}

/** A second name for the file before, so that there is no moment without one. */
function keepBefore({ dump, dumpBefore }: Pm2Files): void {
  const spare = `${dumpBefore}.new`;
  try {
    rmSync(spare, { force: true });
    linkSync(dump, spare);
    renameSync(spare, dumpBefore);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
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
