import { linkSync, renameSync, rmSync } from 'node:fs';
import { replaceFile } from '../../base/atomic-file.ts';
import { errnoOf } from '../../base/errors.ts';

/** Keys of a process that PM2 leaves out, as they are given anew. */
const NOT_KEPT = new Set(['instances', 'pm_id', 'prev_restart_delay']);

export interface DumpFiles {
  readonly dump: string;
  /** Where the one before goes. */
  readonly dumpBefore: string;
}

/**
 * Writes a list as PM2's `save` does, so that PM2 can read it. Other than PM2's, the file is for the owner only, as the
 * environments are in it.
 * @param rows of jlist
 * @param files of PM2's home
 */
export async function writeDumpFile(
  rows: readonly { readonly pm2_env: Readonly<Record<string, unknown>> }[],
  { dump, dumpBefore }: DumpFiles,
): Promise<void> {
  const entries = rows.map(({ pm2_env }) =>
    Object.fromEntries(Object.entries(pm2_env).filter(([key]) => !NOT_KEPT.has(key))),
  );
  keepBefore(dump, dumpBefore);
  await replaceFile(dump, JSON.stringify(entries, null, 2), false);
}

/** A second name for the file before, so that there is no moment without one. */
function keepBefore(dump: string, dumpBefore: string): void {
  const spare = `${dumpBefore}.new`;
  try {
    rmSync(spare, { force: true });
    linkSync(dump, spare);
    renameSync(spare, dumpBefore);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
