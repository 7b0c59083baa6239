import { stat, statSync } from 'node:fs';
import { truncate as truncateFile } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { errnoOf, messageOf, PromvisorError } from '../base/errors.ts';
import { type Appender, openAppender } from './appender.ts';
import { createWaits } from './waits.ts';
import { createWriteQueue, type Writer } from './write-queue.ts';

/**
 * Above this a file asks its writers to wait: room for one chunk that is written and one that is read meanwhile, and no
 * more, as it is what a `kill -9` of the daemon costs.
 */
const HIGH_WATER_BYTES = 128 * 1024;
/** Above this, lines of a writer that does not wait are dropped. */
const WRITER_LIMIT_BYTES = 1024 * 1024;
/** After a failure the file is left alone for this long. */
const RETRY_MS = 1000;
/** How often a file in use is looked for under its name. */
const LOOK_MS = 1000;

/** A file that lines are appended to, shared by its writers. */
export interface LogFile {
  write(writer: Writer, chunk: Buffer, lines: number): boolean;
  onDrain(callback: () => void): void;
  truncate(): Promise<void>;
  reopen(): void;
  position(): number;
  settled(): Promise<void>;
  close(): Promise<void>;
}

type Phase =
  | { readonly is: 'shut' | 'opening' }
  | { readonly is: 'open'; readonly appender: Appender }
  | { readonly is: 'broken'; readonly retryAtMs: number };

/**
 * Makes a log file. It is opened with the first line; while it cannot be written, lines are dropped and counted, and
 * it is tried again with the first line a second later.
 * @param file absolute path; its directory is made when missing
 * @param clock for the waits
 * @returns the file, not yet opened
 */
export function createLogFile(file: string, clock: Clock): LogFile {
  const queue = createWriteQueue();
  const waits = createWaits(clock);
  let phase: Phase = { is: 'shut' };
  let diskBytes = 0;
  let reopening = false;
  /** True when the file ends in the middle of a line. */
  let torn = false;
  let lookedAtMs = clock.nowMs();
  /** Lines dropped since the file was last well; null while it is well. */
  let outage: { lines: number } | null = null;
  let latest: Writer | null = null;

  function write(writer: Writer, chunk: Buffer, lines: number): boolean {
    latest = writer;
    if (phase.is === 'broken' && clock.nowMs() < phase.retryAtMs) {
      drop(writer, lines);
      return true;
    }
    if (writer.pendingBytes + chunk.length > WRITER_LIMIT_BYTES) {
      writer.owner.onDropped(lines, 'buffer_full');
      return false;
    }
    queue.add(chunk, lines, writer);
    if (phase.is === 'open') handOver(phase.appender);
    else if (phase.is !== 'opening') void start();
    return queue.pendingBytes() < HIGH_WATER_BYTES;
  }

  function drop(writer: Writer, lines: number): void {
    if (outage !== null) outage.lines += lines;
    writer.owner.onDropped(lines, 'disk_error');
  }

  async function start(): Promise<void> {
    const opening: Phase = { is: 'opening' };
    phase = opening;
    try {
      // A file that was let go says no more: its bytes were given up, and are counted as such.
      const isCurrent = () => phase.is === 'open' && phase.appender === appender;
      const appender = await openAppender(file, {
        onWritten: (bytes) => isCurrent() && onWritten(bytes),
        onFailed: (error) => isCurrent() && breakOff(error),
      });
      if (phase !== opening) return letGo(appender);
      phase = { is: 'open', appender };
      diskBytes = appender.sizeBytes;
      if (torn) queue.addNewlineFirst();
      torn = false;
      handOver(appender);
    } catch (error) {
      if (phase === opening) breakOff(error);
    }
  }

  function handOver(appender: Appender): void {
    if (reopening) return;
    for (let chunk = queue.next(); chunk !== null; chunk = queue.next()) appender.write(chunk);
  }

  function onWritten(bytes: number): void {
    diskBytes += bytes;
    queue.written(bytes);
    if (outage !== null) report(`is written again, ${outage.lines} lines were dropped`);
    outage = null;
    if (reopening && queue.handedBytes() === 0) swap();
    else look();
    release();
  }

  function release(): void {
    waits.advance(queue.settledBytes());
    if (queue.pendingBytes() < HIGH_WATER_BYTES) waits.drain();
  }

  async function letGo(appender: Appender): Promise<void> {
    try {
      await appender.end();
    } catch (error) {
      report(`expected to close the log, got "${messageOf(error)}"`);
    }
  }

  /** Between two lines: the next one opens the file by its name. */
  function swap(): void {
    reopening = false;
    if (phase.is !== 'open') return;
    void letGo(phase.appender);
    phase = { is: 'shut' };
    if (queue.pendingBytes() > 0) void start();
  }

  /** Finds out whether the name still means this file: others rotate and remove log files. */
  function look(): void {
    const nowMs = clock.nowMs();
    if (nowMs - lookedAtMs < LOOK_MS || phase.is !== 'open') return;
    lookedAtMs = nowMs;
    const { appender } = phase;
    stat(file, (error, found) => {
      if (phase.is !== 'open' || phase.appender !== appender) return;
      if (errnoOf(error) === 'ENOENT') report('was removed, it is made again');
      else if (error !== null || found.ino === appender.inode) return;
      reopen();
    });
  }

  function breakOff(error: unknown): void {
    const { lines, byWriter, torn: tornNow } = queue.dropAll();
    if (phase.is === 'open') phase.appender.destroy();
    phase = { is: 'broken', retryAtMs: clock.nowMs() + RETRY_MS };
    reopening = false;
    torn ||= tornNow;
    if (outage === null) report(`expected to write the log, got "${messageOf(error)}"; lines are dropped meanwhile`);
    outage = { lines: (outage?.lines ?? 0) + lines };
    for (const [writer, lost] of byWriter) {
      writer.owner.onWriteError();
      writer.owner.onDropped(lost, 'disk_error');
    }
    release();
  }

  function report(problem: string): void {
    latest?.owner.onProblem(`${file}: ${problem}`);
  }

  function reopen(): void {
    if (phase.is !== 'open') return;
    reopening = true;
    if (queue.handedBytes() === 0) swap();
  }

  function settled(): Promise<void> {
    return waits.until(queue.settledBytes() + queue.pendingBytes(), queue.settledBytes());
  }

  return {
    write,
    onDrain: waits.onDrain,
    reopen,
    settled,
    position: () => (phase.is === 'open' ? diskBytes : sizeOf(file)) + queue.pendingBytes(),
    async truncate() {
      await settled();
      await emptyFile(file);
      diskBytes = 0;
      torn = false;
    },
    async close() {
      await settled();
      if (queue.pendingBytes() > 0) breakOff(new Error('the disk took too long'));
      const ended = phase.is === 'open' ? letGo(phase.appender) : null;
      phase = { is: 'shut' };
      await ended;
    },
  };
}

/**
 * Empties a log file; one that is not there, or is a device, is left as it is.
 * @param file absolute path
 * @throws PromvisorError INTERNAL when it cannot be emptied
 */
export async function emptyFile(file: string): Promise<void> {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) await truncateFile(file);
  } catch (error) {
    throw new PromvisorError('INTERNAL', `${file}: expected to empty the log file, got "${messageOf(error)}"`, {
      cause: error,
    });
  }
}

/**
 * Measures a log file.
 * @param file absolute path
 * @returns its bytes; 0 when it is not there or is a device
 */
export function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
