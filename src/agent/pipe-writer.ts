import { nowMs } from './now.ts';

/** Without any progress. The daemon may be gone: then the pipe stays full, and the app must end all the same. */
const LONGEST_STALL_MS = 2_000;
/** With some progress now and then. */
const LONGEST_MS = 10_000;
const LOOK_AGAIN_MS = 2;

/** Writes to pipes that do not block, and waits for them as if they did, but not for ever. */
export interface PipeWriter {
  /**
   * Writes all of it.
   * @returns false when the reader did not take it in time or is gone
   */
  write(fd: number, bytes: Uint8Array): boolean;
}

/**
 * Makes a writer whose patience is that for all its writes together.
 * @returns the writer
 */
export function createPipeWriter(): PipeWriter {
  const { writeSync } = process.getBuiltinModule('node:fs');
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const beganMs = nowMs();
  let progressMs = beganMs;

  return {
    write(fd, bytes) {
      for (let at = 0; at < bytes.length; ) {
        const written = tryWrite(fd, bytes.subarray(at));
        if (written < 0) return false;
        at += written;
        if (written > 0) progressMs = nowMs();
        else if (!hasWaited()) return false;
      }
      return true;
    },
  };

  /** Bytes that the pipe took, or -1 when it will take no more. */
  function tryWrite(fd: number, bytes: Uint8Array): number {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : -1;
    }
  }

  function hasWaited(): boolean {
    const now = nowMs();
    if (now - progressMs >= LONGEST_STALL_MS || now - beganMs >= LONGEST_MS) return false;
    Atomics.wait(bell, 0, 0, LOOK_AGAIN_MS);
    return true;
  }
}
