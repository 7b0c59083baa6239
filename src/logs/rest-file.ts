import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

/** The line of a pipe that is half read, kept beside the pipe: it is all that a daemon that is killed would take along. */
export interface RestFile {
  /** What the last daemon left, null without. It stays in the file until `keep`. */
  taken(): Buffer | null;
  /**
   * Keeps the half line. Nothing is thrown: a full disk costs the safety, no line.
   * @param rest null when there is none
   * @param hasGrown true when it is the line that is kept already, and longer
   */
  keep(rest: Buffer | null, hasGrown: boolean): void;
  /** Removes the file. */
  remove(): void;
}

/**
 * Makes the file of a pipe; nothing is opened before there is something to keep.
 * @param pipe absolute path of the pipe
 */
export function createRestFile(pipe: string): RestFile {
  const file = `${pipe}.rest`;
  let fd: number | null = null;
  let keptBytes = 0;

  function write(rest: Buffer | null, hasGrown: boolean): void {
    fd ??= openSync(file, 'a', 0o600);
    if (!hasGrown && keptBytes > 0) {
      ftruncateSync(fd, 0);
      keptBytes = 0;
    }
    if (rest !== null && rest.length > keptBytes) keptBytes += writeSync(fd, rest, keptBytes);
  }

  function quietly(doIt: () => void): void {
    try {
      doIt();
    } catch {
      // As good as not kept.
    }
  }

  return {
    taken() {
      // An error costs more than a look, and there is hardly ever a file.
      if (!existsSync(file)) return null;
      try {
        const rest = readFileSync(file);
        keptBytes = rest.length;
        return keptBytes === 0 ? null : rest;
      } catch {
        return null;
      }
    },
    keep(rest, hasGrown) {
      if (rest !== null || keptBytes > 0) quietly(() => write(rest, hasGrown));
    },
    remove() {
      if (fd === null && keptBytes === 0) return;
      if (fd !== null) closeSync(fd);
      fd = null;
      keptBytes = 0;
      quietly(() => rmSync(file));
    },
  };
}
