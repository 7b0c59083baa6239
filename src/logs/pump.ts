import { readSync } from 'node:fs';
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { errnoOf, messageOf } from '../base/errors.ts';

/** A pipe holds 64 KiB: pipe(7). */
const READ_BYTES = 64 * 1024;
const DRAIN_BYTES = 1024 * 1024;
/** One buffer for all pumps: what is read is dealt with before the next read. */
const SHARED = Buffer.allocUnsafeSlow(READ_BYTES);

/** The calls of os/pipes.ts, which the daemon hands in: logs stand on base and core alone. */
export interface PipeCalls {
  makeFifos(paths: readonly string[]): Promise<void>;
  openForChild(path: string): number;
  openForReading(path: string): number;
  removeFifos(paths: readonly string[]): void;
}

/** Reads one named pipe, over and over, whoever writes to it. */
export interface Pump {
  /** Opens the pipe for reading unless it is open. */
  start(): void;
  pause(): void;
  resume(): void;
  /** Reads what is in the pipe now, at most 1 MiB, even while paused. */
  drain(): void;
  /** Lets go of the pipe. */
  stop(): void;
}

export interface PumpOptions {
  readonly path: string;
  readonly openForReading: (path: string) => number;
  /** Takes bytes that are written over afterwards. */
  readonly onBytes: (piece: Buffer) => void;
  /** Nobody has the pipe open for writing any more, and it is empty. */
  readonly onEnd: () => void;
  readonly onProblem: (message: string) => void;
}

/**
 * Makes the pump of one pipe.
 * @param options the pipe and who takes its bytes
 * @returns the pump, not started
 */
export function createPump(options: PumpOptions): Pump {
  let reader: { readonly fd: number; readonly socket: Socket } | null = null;
  let paused = false;

  function start(): void {
    if (reader !== null) return;
    try {
      reader = open();
      if (paused) pause();
    } catch (error) {
      options.onProblem(`${options.path}: expected to read the pipe, got "${messageOf(error)}"`);
    }
  }

  function open(): { readonly fd: number; readonly socket: Socket } {
    const fd = options.openForReading(options.path);
    // The constructor takes `onread` (documented there since Node 22, there since 12); its types do not say so.
    const settings: SocketConstructorOpts & { onread: OnReadOpts } = {
      fd,
      readable: true,
      writable: false,
      onread: { buffer: SHARED, callback: onRead },
    };
    const socket = new Socket(settings);
    socket.once('end', () => replace(socket));
    socket.once('error', (error) => {
      if (reader?.socket === socket) reader = null;
      options.onProblem(`${options.path}: expected to read the pipe, got "${error.message}"`);
    });
    return { fd, socket };
  }

  function onRead(bytes: number): boolean {
    options.onBytes(SHARED.subarray(0, bytes));
    return !paused;
  }

  /**
   * A reader that has seen the end sees nothing more, so that the next process needs a new one. It is opened before
   * the old one closes: a pipe that nobody has open loses its content.
   */
  function replace(ended: Socket): void {
    if (reader?.socket !== ended) return;
    options.onEnd();
    reader = null;
    start();
  }

  function pause(): void {
    paused = true;
    reader?.socket.pause();
  }

  function drain(): void {
    let left = DRAIN_BYTES;
    while (reader !== null && left > 0) {
      const bytes = readNow(reader.fd);
      if (bytes === 0) options.onEnd();
      if (bytes === null || bytes === 0) return;
      options.onBytes(SHARED.subarray(0, bytes));
      left -= bytes;
    }
  }

  function readNow(fd: number): number | null {
    try {
      return readSync(fd, SHARED, 0, READ_BYTES, null);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') options.onProblem(`${options.path}: ${messageOf(error)}`);
      return null;
    }
  }

  return {
    start,
    pause,
    resume() {
      paused = false;
      reader?.socket.resume();
    },
    drain,
    stop() {
      const stopped = reader;
      reader = null;
      stopped?.socket.destroy();
    },
  };
}
