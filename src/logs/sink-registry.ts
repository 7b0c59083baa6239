import type { Clock } from '../base/clock.ts';
import { emptyFile, sizeOf } from './file-size.ts';
import { createLogFile, type LogFile } from './log-file.ts';
import type { FileCalls } from './log-file-options.ts';
import { NO_ROLLING, type RollRules } from './rules.ts';
import { nextSeq } from './segments.ts';
import type { LogSink, SinkOwner, SinkRegistry } from './sink.ts';
import type { Writer } from './write-queue.ts';

export type { SinkRegistry } from './sink.ts';

/** How often files that nobody writes to are looked at for a roll by time. */
const TICK_MS = 20_000;

export interface SinkOptions {
  /** Rules where an app says nothing; by default files are not rolled. */
  readonly defaults?: RollRules;
  /** A file was rolled: its path and number. */
  readonly onRolled?: (path: string, seq: number) => void;
  readonly calls?: FileCalls;
}

interface Shared {
  readonly file: LogFile;
  users: number;
}

/**
 * Makes the registry of a daemon: files on disk, shared by path and counted by user.
 * @param clock for retries and bounded waits
 * @param options how files are rolled
 * @returns empty
 */
export function createSinkRegistry(clock: Clock, options: SinkOptions = {}): SinkRegistry {
  const { defaults = NO_ROLLING, onRolled, calls } = options;
  const files = new Map<string, Shared>();
  let cancelTick: (() => void) | null = null;

  function acquire(path: string, owner: SinkOwner): LogSink {
    const shared = files.get(path) ?? { file: newFile(path), users: 0 };
    files.set(path, shared);
    shared.users++;
    tickLater();
    const { file } = shared;
    const writer: Writer = { owner, pendingBytes: 0, writtenBytes: 0 };
    return {
      write: (chunk, lines, run) => file.write(writer, chunk, lines, run),
      onDrain: (callback) => file.onDrain(callback),
      bytesWritten: () => writer.writtenBytes,
      async close() {
        shared.users--;
        if (shared.users > 0) return file.settled();
        await file.close();
        // Someone may have come while it closed: then it opens again with the next line.
        if (shared.users === 0) files.delete(path);
        if (files.size > 0) return;
        cancelTick?.();
        cancelTick = null;
      },
    };
  }

  function newFile(path: string): LogFile {
    const rolled = (seq: number) => onRolled?.(path, seq);
    return createLogFile({
      file: path,
      clock,
      defaults,
      onRolled: rolled,
      ...(calls === undefined ? {} : { calls }),
    });
  }

  function tickLater(): void {
    cancelTick ??= clock.after(TICK_MS, () => {
      cancelTick = null;
      for (const { file } of files.values()) file.tick();
      if (files.size > 0) tickLater();
    });
  }

  return {
    acquire,
    truncate: (path) => files.get(path)?.file.truncate() ?? emptyFile(path),
    reopen: (path) => files.get(path)?.file.reopen(),
    position: (path) => files.get(path)?.file.position() ?? { seq: nextSeq(path), offset: sizeOf(path) },
    bytes: (path) => files.get(path)?.file.position().offset ?? sizeOf(path),
    settled: (path) => files.get(path)?.file.settled() ?? Promise.resolve(),
    lostUnshipped(path, lines) {
      files.get(path)?.file.latestWriter()?.owner.onDropped(lines, 'retention_unshipped');
    },
  };
}
