import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { isFifo, makeFifos } from './pipes.ts';

/** Enough for the pipes of a hundred instances; a spare one is a directory entry. */
const SPARE = 256;
/** The machine has other things to do right after a start. */
const REFILL_AFTER_MS = 1_000;

/** Named pipes made in advance: a start has only to give them their names. */
export interface FifoPool {
  /** As `makeFifos`, from spare ones as far as there are some. */
  makeFifos(paths: readonly string[]): Promise<void>;
  close(): void;
}

export interface FifoPoolOptions {
  /** Folder of the spare ones, on the file system of all that are asked for. */
  readonly folder: string;
  readonly clock: Clock;
  readonly onProblem: (problem: string) => void;
}

/**
 * Makes a pool; it is filled a moment later, and again after each use.
 * @param options where, and whom to tell of problems, which cost speed only
 */
export function createFifoPool({ folder, clock, onProblem }: FifoPoolOptions): FifoPool {
  let spare: string[] = [];
  let made = 0;
  let cancel: (() => void) | null = null;
  let closed = false;

  function refillLater(): void {
    if (closed) return;
    cancel ??= clock.after(REFILL_AFTER_MS, () => {
      refill()
        .catch((error: unknown) => onProblem(messageOf(error)))
        .finally(() => {
          cancel = null;
        });
    });
  }

  async function refill(): Promise<void> {
    const names = Array.from({ length: SPARE - spare.length }, () => path.join(folder, `${process.pid}-${made++}`));
    if (names.length === 0) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await makeFifos(names);
    if (closed) rmSync(folder, { recursive: true, force: true });
    else spare.push(...names);
  }

  /** False without a spare one, or when it cannot be moved. */
  function name(target: string): boolean {
    const taken = spare.pop();
    if (taken === undefined) return false;
    try {
      renameSync(taken, target);
      return true;
    } catch {
      // Gone, or another kind of file is in the way: it is made as ever, and the problem is told there.
      return false;
    }
  }

  try {
    for (const left of readdirSync(folder)) rmSync(path.join(folder, left), { force: true });
  } catch {
    // No folder yet.
  }
  refillLater();

  return {
    async makeFifos(paths) {
      const missing = paths.filter((one) => !isFifo(one));
      const unnamed = missing.filter((one) => !name(one));
      refillLater();
      await makeFifos(unnamed);
    },
    close() {
      closed = true;
      cancel?.();
      spare = [];
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
