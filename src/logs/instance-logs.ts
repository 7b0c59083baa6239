import { closeSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { messageOf, PromvisorError } from '../base/errors.ts';
import type { LogsSpec } from '../core/spec.ts';
import type { LogFanout } from './fanout.ts';
import { lastLinesOf } from './last-bytes.ts';
import type { PipeCalls } from './pump.ts';
import type { StreamAccount, StreamName } from './record.ts';
import type { SinkRegistry } from './sink.ts';
import { createLogStream, type LogStream } from './stream.ts';

/** The output of one instance: its two pipes, its files, its last words, over all its processes. */
export interface InstanceLogs {
  /**
   * Makes the pipes and starts reading.
   * @throws PromvisorError HOME_UNUSABLE when the pipes cannot be made
   */
  open(): Promise<void>;
  /**
   * Write ends for a new process: blocking, read-write; the caller closes them after the spawn.
   * @throws PromvisorError START_FAILED when they cannot be opened
   */
  openForSpawn(): { readonly out: number; readonly error: number };
  /** Takes everything that is in the pipes now, at most 1 MiB a stream: called when a process was seen to exit. */
  drain(): void;
  /** The last bytes of a stream, at most 8 KiB. */
  lastBytes(stream: StreamName): Buffer;
  /** The last lines of a stream, as far as they are in `lastBytes`; an unfinished line counts. */
  lastLines(stream: StreamName, count: number): string[];
  account(): Readonly<Record<StreamName, StreamAccount>>;
  files(): LogFiles;
  /** How long each file of `files` is once every line published so far is written, in bytes; 0 without a file. */
  positions(): Readonly<Record<StreamName, number>>;
  /** Waits, for a bounded time, until every line published so far is in its file. */
  settled(): Promise<void>;
  /**
   * Empties the files.
   * @throws PromvisorError INTERNAL naming the file that could not be emptied
   */
  flush(): Promise<void>;
  /** Opens the files anew by their names. */
  reopen(): void;
  /** Reads what is left, writes it, closes, removes the pipes; once, however often it is called. */
  close(): Promise<void>;
}

/** Absolute paths with the instance id put in; null without a file. */
export interface LogFiles {
  readonly out: string | null;
  readonly error: string | null;
  readonly combined: string | null;
}

export interface InstanceLogsOptions {
  readonly id: number;
  readonly slot: number;
  readonly app: string;
  readonly logs: LogsSpec;
  /** Directory of the named pipes. */
  readonly runDir: string;
  /** The module os/pipes.ts. */
  readonly pipes: PipeCalls;
  readonly sinks: SinkRegistry;
  readonly fanout: LogFanout;
  readonly clock: Clock;
  onProblem(message: string): void;
}

/**
 * Makes the output side of an instance; nothing is opened yet.
 * @param options the instance, where its output goes, and the parts it shares with others
 * @returns the logs
 */
export function createInstanceLogs(options: InstanceLogsOptions): InstanceLogs {
  const { id, runDir, pipes, sinks } = options;
  const fifos = { out: path.join(runDir, `${id}.out`), error: path.join(runDir, `${id}.err`) };
  const files = filesOf(options.logs, id);
  const written = [...new Set([files.out, files.error, files.combined])].filter((file) => file !== null);
  const streams = { out: streamOf('out'), error: streamOf('error') };
  let closing: Promise<void> | null = null;

  function streamOf(stream: StreamName): LogStream {
    const { app, slot, logs, fanout, clock } = options;
    return createLogStream({
      source: { id, app, slot, stream },
      logs,
      path: fifos[stream],
      files: [...new Set([files[stream], files.combined])].filter((file) => file !== null),
      openForReading: pipes.openForReading,
      sinks,
      fanout,
      clock,
      onProblem: (message) => options.onProblem(message),
    });
  }

  function start(): void {
    streams.out.start();
    streams.error.start();
  }

  function openForSpawn(): { readonly out: number; readonly error: number } {
    // A pipe that could not be read before may be whole again.
    start();
    const out = openEnd(fifos.out, pipes);
    try {
      return { out, error: openEnd(fifos.error, pipes) };
    } catch (error) {
      closeSync(out);
      throw error;
    }
  }

  function drain(): void {
    streams.out.drain();
    streams.error.drain();
  }

  async function close(): Promise<void> {
    await Promise.all([streams.out.close(), streams.error.close()]);
    pipes.removeFifos([fifos.out, fifos.error]);
  }

  return {
    async open() {
      await pipes.makeFifos([fifos.out, fifos.error]);
      start();
    },
    openForSpawn,
    drain,
    lastBytes: (stream) => streams[stream].last()?.read() ?? Buffer.alloc(0),
    lastLines(stream, count) {
      const last = streams[stream].last();
      return last === null ? [] : lastLinesOf(last, count);
    },
    account: () => ({ out: streams.out.account, error: streams.error.account }),
    files: () => files,
    positions: () => ({ out: positionOf(files.out, sinks), error: positionOf(files.error, sinks) }),
    async settled() {
      await Promise.all(written.map((file) => sinks.settled(file)));
    },
    async flush() {
      await Promise.all(written.map((file) => sinks.truncate(file)));
    },
    reopen() {
      for (const file of written) sinks.reopen(file);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function openEnd(fifo: string, pipes: PipeCalls): number {
  try {
    return pipes.openForChild(fifo);
  } catch (error) {
    const message = `${fifo}: expected to open the output pipe, got "${messageOf(error)}"`;
    throw new PromvisorError('START_FAILED', message, { cause: error });
  }
}

function positionOf(file: string | null, sinks: SinkRegistry): number {
  return file === null ? 0 : sinks.position(file);
}

/**
 * Names the log files of an instance.
 * @param logs paths before the id is put in
 * @param id the instance
 * @returns the paths: with `merge` as they are, else with `-<id>` before `.log` (at the end without one)
 */
function filesOf(logs: LogsSpec, id: number): LogFiles {
  return { out: named(logs.outFile), error: named(logs.errorFile), combined: named(logs.combinedFile) };

  function named(file: string | null): string | null {
    if (file === null || file === '/dev/null') return null;
    if (logs.merge) return file;
    return file.endsWith('.log') ? `${file.slice(0, -'.log'.length)}-${id}.log` : `${file}-${id}`;
  }
}
