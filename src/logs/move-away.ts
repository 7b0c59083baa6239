import { mkdirSync, realpathSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { liveIndexPath, nextSeq, rolledPath, sideFolder } from './segments.ts';

export interface LiveFile {
  /** Absolute path; a link stays, and what it leads to is moved. */
  readonly live: string;
  /** Of the file that is open. */
  readonly inode: number;
  /** Number that it should have. */
  readonly seq: number;
}

/**
 * Rolls a log file: moves it and its index into the side folder, under a number that was never used. Who has it open
 * goes on writing to it.
 * @param file the file, with nothing on its way to it
 * @returns its number; null when the name means another file by now
 * @throws the error of mkdir(2) or rename(2); then everything is as it was
 */
export function moveAway({ live, inode, seq }: LiveFile): number | null {
  if (inodeOf(live) !== inode) return null;
  makeSideFolder(live);
  const number = Math.max(seq, nextSeq(live));
  renameSync(realpathSync(live), rolledPath(live, number, '.log'));
  try {
    renameSync(liveIndexPath(live), rolledPath(live, number, '.idx'));
  } catch {
    // Times without an index are those of the file.
  }
  return number;
}

function inodeOf(live: string): number | null {
  return statSync(live, { throwIfNoEntry: false })?.ino ?? null;
}

/** As open to others as the folder of the log itself. */
function makeSideFolder(live: string): void {
  const folder = sideFolder(live);
  try {
    mkdirSync(folder, { mode: statSync(path.dirname(live)).mode & 0o777 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
