import { close, constants, fstat, mkdir, open } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { SonicBoom } from 'sonic-boom';
import { errnoOf } from '../base/errors.ts';

const MAX_WRITE_BYTES = 64 * 1024;
/** O_NONBLOCK: a named pipe as log file must not hold a thread of the pool for ever. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

const closeFile = promisify(close);
const makeDirectory = promisify(mkdir);
const openFile = promisify(open);
const statOpen = promisify(fstat);

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

/**
 * Opens a file for appending and makes its directory when that is missing.
 * @param file absolute path
 * @param handlers told of each write
 * @returns the open file
 * @throws the error of mkdir(2) or open(2)
 */
export async function openAppender(file: string, handlers: AppenderHandlers): Promise<Appender> {
  const fd = await openMaking(file);
  const stats = await statOpen(fd);
  const boom = new SonicBoom({ fd, contentMode: 'buffer', maxWrite: MAX_WRITE_BYTES });
  boom.on('write', (bytes: number) => handlers.onWritten(bytes));
  boom.on('error', (error: Error) => handlers.onFailed(error));
  return {
    inode: stats.ino,
    sizeBytes: stats.size,
    isRegular: stats.isFile(),
    mtimeMs: stats.mtimeMs,
    // In contentMode `buffer` it takes buffers, which its types do not say.
    write: (chunk) => void boom.write(chunk as unknown as string),
    // Not boom.end(), which flushes the disk first: with hundreds of files that takes seconds, and is not awaited.
    end: () => closeFile(fd),
    destroy: () => boom.destroy(),
  };
}

async function openMaking(file: string): Promise<number> {
  try {
    return await openFile(file, FLAGS);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await makeDirectory(path.dirname(file), { recursive: true });
    return openFile(file, FLAGS);
  }
}
