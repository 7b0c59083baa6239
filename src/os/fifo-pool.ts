import { closeSync, constants, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../base/errors.ts';
import * as pipes from './pipes.ts';

/** Enough for a hundred instances with three each; a spare one is a directory entry and an inode. */
const SPARE = 320;

/**
 * Named pipes that were made in advance: a start has only to give them their names, which costs a tenth. They are made
 * once in the life of a home, and those of instances that are deleted come back; no helper runs later on.
 */
export interface FifoPool {
  /** Makes what is missing of the spare ones, with one process; said once, when there is nothing more urgent. */
  fill(): Promise<void>;
  /** As `makeFifos` of pipes.ts, from spare ones as far as there are some; whatever `fill` began has ended afterwards. */
  makeFifos(paths: readonly string[]): Promise<void>;
  /** Takes named pipes away: those that nobody holds are spare ones from now on. What is not there is fine. */
  removeFifos(paths: readonly string[]): void;
}

export interface FifoPoolOptions {
  /** Folder of the spare ones, on the file system of all that are asked for. */
  readonly folder: string;
  /** How many spare ones there are at most. */
  readonly most?: number;
}

/**
 * Makes a pool of the spare pipes that a daemon before left behind. It holds nothing open, and leaves them in its turn.
 * @param options where, and how many
 * @returns the pool; without its folder, of which `fill` tells, there are no spare ones and a start only takes longer
 */
export function createFifoPool({ folder, most = SPARE }: FifoPoolOptions): FifoPool {
  const spare: string[] = [];
  let nextName = 0;
  let filling: Promise<void> | null = null;
  /** How many `fill` is making. */
  let coming = 0;

  try {
    const left = spareIn(folder, most);
    nextName = 1 + Math.max(-1, ...left.map(Number));
    spare.push(...left.map((name) => path.join(folder, name)));
  } catch {
    // Told by `fill`, which finds the same.
  }

  function newName(): string {
    return path.join(folder, String(nextName++));
  }

  async function makeMissing(): Promise<void> {
    const fresh = Array.from({ length: most - spare.length }, newName);
    coming = fresh.length;
    try {
      await pipes.makeFifos(fresh);
      spare.push(...fresh);
    } finally {
      coming = 0;
    }
  }

  /** False without a spare one, or when it cannot be moved: gone, or a folder is in the way. */
  function give(target: string): boolean {
    const taken = spare.pop();
    return taken !== undefined && isMoved(taken, target);
  }

  function isTakenBack(fifo: string): boolean {
    if (spare.length + coming >= most || !isUnheld(fifo)) return false;
    const name = newName();
    const isBack = isMoved(fifo, name);
    if (isBack) spare.push(name);
    return isBack;
  }

  return {
    fill() {
      filling ??= makeMissing();
      return filling;
    },
    async makeFifos(paths) {
      await filling?.catch(() => {
        // Told to whoever filled.
      });
      // What cannot be given is made as ever, and its problem is told there.
      await pipes.makeFifos(paths.filter((one) => !pipes.isFifo(one) && !give(one)));
    },
    removeFifos(paths) {
      pipes.removeFifos(paths.filter((one) => !isTakenBack(one)));
    },
  };
}

/** Names of the spare pipes that are there, at most so many; everything else in the folder is removed. */
function spareIn(folder: string, most: number): readonly string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFIFO() && /^\d{1,15}$/.test(entry.name) && names.length < most) names.push(entry.name);
    else rmSync(path.join(folder, entry.name), { recursive: true, force: true });
  }
  return names;
}

/**
 * True when no process has the pipe open: then it is empty too, as its content goes with the last one who has it open.
 * A process that lives on, or a child that it left behind, may still write.
 * @see fifo(7): opening for writing fails with ENXIO without a reader, reading gives the end without a writer
 */
function isUnheld(fifo: string): boolean {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return false;
  } catch (error) {
    return errnoOf(error) === 'ENXIO' && hasNoWriter(fifo);
  }
}

function hasNoWriter(fifo: string): boolean {
  try {
    const fd = pipes.openForReading(fifo);
    try {
      return readSync(fd, Buffer.alloc(1)) === 0;
    } finally {
      closeSync(fd);
    }
  } catch {
    // EAGAIN: somebody may write.
    return false;
  }
}

function isMoved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}
