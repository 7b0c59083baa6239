import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { type Libc, loadLibc } from './libc.ts';

/** In memory as long as the machine runs: shm_overview(7). */
const FOLDER = '/dev/shm';
/** mmap(2), on Linux of every architecture. */
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Memory that the next process of the same name finds as this one has left it, however it ended. */
export interface SharedMemory {
  /**
   * A part of it, all zeros in memory that is new.
   * @param offset first byte
   * @param bytes how many
   */
  part(offset: number, bytes: number): Buffer;
  /** A copy of a part; pages that were never touched stay so. */
  copy(offset: number, bytes: number): Buffer;
  /** Takes the name away, so that the next process begins with new memory. */
  remove(): void;
}

/**
 * Gets memory that outlives this process. What is never touched takes no room.
 * @param name of whom it is for; equal names of one user share it
 * @param bytes how much
 * @param headBytes of it that are touched at once, so that a full /dev/shm is found out here
 * @returns null where the system has none: not Linux, no koffi, /dev/shm missing or full
 */
export function openSharedMemory(name: string, bytes: number, headBytes: number): SharedMemory | null {
  const libc = loadLibc();
  if (libc === null) return null;
  const file = path.join(FOLDER, `promvisor-${digest(`${process.getuid?.() ?? 0} ${name}`)}`);
  try {
    const { fd, address } = map(libc, file, bytes, headBytes);
    return {
      part: (offset, length) => libc.view(address + BigInt(offset), length),
      copy(offset, length) {
        const copied = Buffer.alloc(length);
        readSync(fd, copied, 0, length, offset);
        return copied;
      },
      remove: () => rmSync(file, { force: true }),
    };
  } catch {
    return null;
  }
}

interface Mapped {
  /** Open as long as the process runs. */
  readonly fd: number;
  readonly address: bigint;
}

/** @throws what is in the way of it */
function map(libc: Libc, file: string, bytes: number, headBytes: number): Mapped {
  const mmap = libc.func('void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)');
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    const { uid, mode, size } = fstatSync(fd);
    // Everybody may put files there.
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) throw new Error(`${file}: belongs to somebody else`);
    // Touching a page that there is no room for ends a process with SIGBUS; a write fails.
    const missing = headBytes - size;
    if (missing > 0 && writeSync(fd, Buffer.alloc(missing), 0, missing, size) < missing) throw new Error('no room');
    if (size < bytes) ftruncateSync(fd, bytes);
    const address = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    if (typeof address !== 'bigint' || address === MAP_FAILED) throw new Error(`${file}: cannot be mapped`);
    return { fd, address };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
