import { readSync } from 'node:fs';
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { Landing } from './landing.ts';
import { type Follower, type Look, MUCH_BYTES, type Rhythm } from './rhythm.ts';

/** A pipe holds 64 KiB: pipe(7). */
const READ_BYTES = 64 * 1024;
const DRAIN_BYTES = 1024 * 1024;
/** One buffer for all pumps without a landing: what is read is dealt with before the next read. */
const SHARED = Buffer.allocUnsafeSlow(READ_BYTES);
/** For what is read at the pace, as that may be in the middle of dealing with what was waited for. */
const AT_PACE = Buffer.allocUnsafeSlow(READ_BYTES);

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
  /** Reads no more by itself, whoever says `resume`: the next daemon will. */
  hold(): void;
  /** Reads what is in the pipe now, at most 1 MiB, even while paused. */
  drain(): void;
  /** Reads what is in the pipe now when it is read at the pace of others: what comes next is younger. */
  catchUp(): void;
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
  /** A piece that was waited for is about to be given to `onBytes`. */
  readonly beforeBytes?: () => void;
  /** Where the bytes are read to, null for memory that ends with the daemon; asked when the pipe is opened. */
  readonly landing?: () => Landing | null;
  /** There is no room for the landing: it must not be used again. */
  readonly onLandingLost?: () => void;
  /** The pace for pipes with a steady flow; without one each is waited for. */
  readonly rhythm?: Rhythm | undefined;
}

interface Reader {
  readonly fd: number;
  readonly socket: Socket;
  readonly landing: Landing | null;
}

/**
 * Makes the pump of one pipe.
 * @param options the pipe and who takes its bytes
 * @returns the pump, not started
 */
export function createPump(options: PumpOptions): Pump {
  let reader: Reader | null = null;
  let paused = false;
  /** Not waited for, as the rhythm looks into it. */
  let atPace = false;
  const follower: Follower | undefined = options.rhythm?.follow({ look, leave });
  let held = false;

  function start(): void {
    if (reader !== null) return;
    try {
      reader = open();
      if (paused) pause();
    } catch (error) {
      options.onProblem(`${options.path}: expected to read the pipe, got "${messageOf(error)}"`);
    }
  }

  function open(): Reader {
    const fd = options.openForReading(options.path);
    const landing = options.landing?.() ?? null;
    // The constructor takes `onread` (documented there since Node 22, there since 12); its types do not say so.
    const settings: SocketConstructorOpts & { onread: OnReadOpts } = {
      fd,
      readable: true,
      writable: false,
      onread: { buffer: landing?.memory ?? SHARED, callback: onRead },
    };
    const socket = new Socket(settings);
    socket.once('end', () => replace(socket));
    socket.once('error', (error) => {
      if (reader?.socket !== socket) return;
      if (isFull(error, landing)) {
        withoutLanding();
        return;
      }
      letGo();
      options.onProblem(`${options.path}: expected to read the pipe, got "${error.message}"`);
    });
    return { fd, socket, landing };
  }

  function onRead(bytes: number): boolean {
    if (reader === null) return false;
    options.beforeBytes?.();
    take(reader.landing?.memory ?? SHARED, bytes);
    if (reader !== null && !paused) atPace = follower?.hasRead(bytes) ?? false;
    return !paused && !atPace;
  }

  function take(memory: Buffer, bytes: number): void {
    options.onBytes(memory.subarray(0, bytes));
    reader?.landing?.clear(bytes);
  }

  /** Nothing was taken out of the pipe: it is read to other memory. */
  function withoutLanding(): void {
    const before = reader;
    options.onLandingLost?.();
    letGo();
    start();
    before?.socket.destroy();
  }

  function look(): Look {
    if (reader === null) return 'over';
    if (paused) return 'nothing';
    const memory = reader.landing?.memory ?? AT_PACE;
    const bytes = readQuietly(reader.fd, memory);
    if (bytes === null) return 'nothing';
    if (bytes === 0) return 'over';
    take(memory, bytes);
    return bytes < MUCH_BYTES ? 'some' : 'much';
  }

  function leave(): void {
    atPace = false;
    if (!paused) reader?.socket.resume();
  }

  function letGo(): void {
    reader = null;
    atPace = false;
    follower?.stop();
  }

  /**
   * A reader that has seen the end sees nothing more, so that the next process needs a new one. It is opened before
   * the old one closes: a pipe that nobody has open loses its content.
   */
  function replace(ended: Socket): void {
    if (reader?.socket !== ended) return;
    options.onEnd();
    letGo();
    start();
  }

  function pause(): void {
    paused = true;
    reader?.socket.pause();
  }

  function drain(): void {
    let left = DRAIN_BYTES;
    while (reader !== null && left > 0) {
      const before: Reader = reader;
      const memory = before.landing?.memory ?? SHARED;
      const bytes = readNow(before, memory);
      if (bytes === null && reader !== before) continue;
      if (bytes === 0) options.onEnd();
      if (bytes === null || bytes === 0) return;
      take(memory, bytes);
      left -= bytes;
    }
  }

  function readNow({ fd, landing }: Reader, memory: Buffer): number | null {
    try {
      return readSync(fd, memory, 0, READ_BYTES, null);
    } catch (error) {
      if (isFull(error, landing)) withoutLanding();
      else if (errnoOf(error) !== 'EAGAIN') options.onProblem(`${options.path}: ${messageOf(error)}`);
      return null;
    }
  }

  return {
    start,
    pause,
    hold() {
      held = true;
      pause();
    },
    resume() {
      if (held) return;
      paused = false;
      if (!atPace) reader?.socket.resume();
    },
    drain,
    catchUp: () => follower?.catchUp(),
    stop() {
      const stopped = reader;
      letGo();
      stopped?.socket.destroy();
    },
  };
}

/** A page of the landing could not come to be, as /dev/shm is full: read(2). */
function isFull(error: unknown, landing: Landing | null): boolean {
  return landing !== null && errnoOf(error) === 'EFAULT';
}

/** An empty pipe is an error without a stack: looking for its callers would cost more than the look. */
function readQuietly(fd: number, memory: Buffer): number | null {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return readSync(fd, memory, 0, READ_BYTES, null);
  } catch (error) {
    return errnoOf(error) === 'EAGAIN' ? null : 0;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
