import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from './errors.ts';

/**
 * Replaces a file in one step: whoever reads it finds the old content or the new.
 * @param file absolute path
 * @param text new content, UTF-8
 * @param durable true: also when the power is cut, and the old content stays beside it as `previousOf(file)`
 * @throws the error of the system call that failed; then the file is as it was
 * @see rename(2), fsync(2): the folder has to be synced too for the name to last
 */
export async function replaceFile(file: string, text: string, durable: boolean): Promise<void> {
  const fresh = `${file}.new`;
  try {
    const handle = await open(fresh, 'w', 0o600);
    try {
      await handle.writeFile(text);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    if (durable) keepPrevious(file);
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {
      // A disk on which nothing can be removed either: the next try truncates it.
    });
    throw error;
  }
  if (durable) syncFolder(path.dirname(file));
}

/** Where the content before the present one is. */
export function previousOf(file: string): string {
  return `${file}.previous`;
}

/** A second name for the present content: there is no moment in which neither is there. */
function keepPrevious(file: string): void {
  const previous = previousOf(file);
  const spare = `${previous}.new`;
  try {
    rmSync(spare, { force: true });
    linkSync(file, spare);
    renameSync(spare, previous);
  } catch (error) {
    // The first time there is nothing to keep.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
