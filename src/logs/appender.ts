import { close, closeSync, constants, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { SonicBoom } from 'sonic-boom';
import { errnoOf } from '../base/errors.ts';

const MAX_WRITE_BYTES = 64 * 1024;
/** O_NONBLOCK: a named pipe as log file must not hold a thread of the pool for ever. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

const closeFile = promisify(close);

/** An open file that chunks are appended to, in order, one write at a time. */
export interface Appender {
  readonly inode: number;
  /** Length of the file when it was opened. */
  readonly sizeBytes: number;
  /** False for devices and pipes, which are never rolled. */
  readonly isRegular: boolean;
  /** When the file was written to last, before it was opened; Unix ms. */
  readonly mtimeMs: number;
  write(chunk: Buffer): void;
  /** Closes the file; only once everything that was given is written. */
  end(): Promise<void>;
  /** Closes the file as soon as a write that is under way lets go of it; what was not written is gone. */
  destroy(): void;
}

export interface AppenderHandlers {
  /** The next `bytes` of what was given are in the file. */
  onWritten(bytes: number): void;
  /** A write failed. */
  onFailed(error: Error): void;
}

/** A disk that was slower than this is not waited for by the whole daemon for a while. */
const SLOW_WRITE_MS = 50;
const SLOW_FOR_MS = 10_000;

/**
 * Opens a file for appending and makes its directory when that is missing. What is given is in the file when `write`
 * returns, so that a daemon that is killed has nothing in hand; only a pipe, a device or a slow disk is written to by
 * another thread. A write into the page cache takes microseconds, less than handing it to that thread.
 * @param file absolute path
 * @param handlers told of each write
 * @returns the open file
 * @throws the error of mkdir(2) or open(2)
 */
export function openAppender(file: string, handlers: AppenderHandlers): Appender {
  const fd = openMaking(file);
  const stats = fstatSync(fd);
  const isRegular = stats.isFile();
  let boom: SonicBoom | null = null;
  /** Given to the other thread and not written yet. */
  let underWay = 0;
  let slowUntilMs = 0;

  function later(chunk: Buffer): void {
    boom ??= slowly(fd, {
      onFailed: handlers.onFailed,
      onWritten(bytes) {
        underWay -= bytes;
        handlers.onWritten(bytes);
      },
    });
    underWay += chunk.length;
    // In contentMode `buffer` it takes buffers, which its types do not say.
    boom.write(chunk as unknown as string);
  }

  function now(chunk: Buffer): void {
    const startMs = performance.now();
    let written = 0;
    try {
      while (written < chunk.length) written += writeSync(fd, chunk, written);
    } catch (error) {
      if (written > 0) handlers.onWritten(written);
      handlers.onFailed(error as Error); // of write(2)
      return;
    }
    const endMs = performance.now();
    if (endMs - startMs > SLOW_WRITE_MS) slowUntilMs = endMs + SLOW_FOR_MS;
    handlers.onWritten(written);
  }

  return {
    inode: stats.ino,
    sizeBytes: stats.size,
    isRegular,
    mtimeMs: stats.mtimeMs,
    write(chunk) {
      if (!isRegular || underWay > 0 || performance.now() < slowUntilMs) later(chunk);
      else now(chunk);
    },
    // Not boom.end(), which flushes the disk first: with hundreds of files that takes seconds, and is not awaited.
    end: () => closeFile(fd),
    destroy() {
      if (boom === null) closeSync(fd);
      else boom.destroy();
    },
  };
}

function slowly(fd: number, handlers: AppenderHandlers): SonicBoom {
  const boom = new SonicBoom({ fd, contentMode: 'buffer', maxWrite: MAX_WRITE_BYTES });
  boom.on('write', (bytes: number) => handlers.onWritten(bytes));
  boom.on('error', (error: Error) => handlers.onFailed(error));
  return boom;
}

function openMaking(file: string): number {
  try {
    return openSync(file, FLAGS);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(path.dirname(file), { recursive: true });
    return openSync(file, FLAGS);
  }
}
