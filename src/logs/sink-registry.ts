import type { Clock } from '../base/clock.ts';
import { createLogFile, emptyFile, type LogFile, sizeOf } from './log-file.ts';
import type { LogSink, SinkOwner, SinkRegistry } from './sink.ts';
import type { Writer } from './write-queue.ts';

export type { SinkRegistry } from './sink.ts';

interface Shared {
  readonly file: LogFile;
  users: number;
}

/**
 * Makes the registry of a daemon: files on disk, shared by path and counted by user.
 * @param clock for retries and bounded waits
 * @returns empty
 */
export function createSinkRegistry(clock: Clock): SinkRegistry {
  const files = new Map<string, Shared>();

  function acquire(path: string, owner: SinkOwner): LogSink {
    const shared = files.get(path) ?? { file: createLogFile(path, clock), users: 0 };
    files.set(path, shared);
    shared.users++;
    const { file } = shared;
    const writer: Writer = { owner, pendingBytes: 0, writtenBytes: 0 };
    return {
      write: (chunk, lines) => file.write(writer, chunk, lines),
      onDrain: (callback) => file.onDrain(callback),
      bytesWritten: () => writer.writtenBytes,
      async close() {
        shared.users--;
        if (shared.users > 0) return file.settled();
        await file.close();
        // Someone may have come while it closed: then it opens again with the next line.
        if (shared.users === 0) files.delete(path);
      },
    };
  }

  return {
    acquire,
    truncate: (path) => files.get(path)?.file.truncate() ?? emptyFile(path),
    reopen: (path) => files.get(path)?.file.reopen(),
    position: (path) => files.get(path)?.file.position() ?? sizeOf(path),
    settled: (path) => files.get(path)?.file.settled() ?? Promise.resolve(),
  };
}
