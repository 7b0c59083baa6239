import { closeSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { messageOf, PromvisorError } from '../base/errors.ts';
import type { LogsSpec, RollSpec } from '../core/spec.ts';
import type { LogFanout } from './fanout.ts';
import type { InletOptions } from './inlet.ts';
import { createLanes, type PipePaths } from './lanes.ts';
import { lastLinesOf } from './last-bytes.ts';
import type { PipeCalls } from './pump.ts';
import type { Position } from './read/position.ts';
import { addAccount, type StreamAccount, type StreamName } from './record.ts';
import type { Rhythm } from './rhythm.ts';
import type { SinkRegistry } from './sink.ts';
import { createLogStream, type LogStream } from './stream.ts';

/** The output of one instance: its pipes, its files, its last words, over all its processes. */
export interface InstanceLogs {
  /**
   * Makes the pipes and starts reading.
   * @throws PromvisorError HOME_UNUSABLE when the pipes cannot be made
   */
  open(): Promise<void>;
  /**
   * Makes the second pair of pipes, needed while two processes of the instance live at once; once, however often it
   * is called. Nothing else makes it: an app that is never reloaded has one pair.
   * @throws PromvisorError HOME_UNUSABLE when the pipes cannot be made; the next call tries again
   */
  prepareSecond(): Promise<void>;
  /**
   * The named pipes for the process of a generation, and theirs alone until `drain(generation)`: those it has, else
   * the first free pair. Without a free pair it shares that of the older process, which is reported as a problem.
   */
  pipesFor(generation: number): PipePaths;
  /**
   * Gives a process of another daemon the pipes that it writes to.
   * @param generation its number
   * @param out path of its pipe for stdout, null where that is not known
   */
  adopt(generation: number, out: string | null): Promise<void>;
  /**
   * Write ends of `pipesFor(generation)`: blocking, read-write; the caller closes them after the spawn.
   * @throws PromvisorError START_FAILED when they cannot be opened; then the pipes are free again
   */
  openForSpawn(generation: number): { readonly out: number; readonly error: number };
  /**
   * The process of this generation was seen to exit, or could not be spawned: takes everything that is in its pipes
   * now, at most 1 MiB a stream; then they are free for the next process.
   */
  drain(generation: number): void;
  /**
   * The last bytes that the process of a generation wrote to a stream, at most 8 KiB. They are known until the second
   * process after it has spoken in the same pipes, so that a death can be told after the next process was spawned.
   */
  lastBytes(stream: StreamName, generation: number): Buffer;
  /** The last lines of a stream, as far as they are in `lastBytes`; an unfinished line counts. */
  lastLines(stream: StreamName, count: number, generation: number): string[];
  /** Figures of each stream over all processes and pipes. */
  account(): Readonly<Record<StreamName, StreamAccount>>;
  /** Goes on counting from the figures of an earlier daemon. */
  restore(account: Readonly<Record<StreamName, StreamAccount>>): void;
  files(): LogFiles;
  /** Where each file of `files` ends once every line published so far is written; null without a file. */
  positions(): Readonly<Record<StreamName, Position | null>>;
  /** Waits, for a bounded time, until every line published so far is in its file. */
  settled(): Promise<void>;
  /**
   * Empties the files.
   * @throws PromvisorError INTERNAL naming the file that could not be emptied
   */
  flush(): Promise<void>;
  /** Opens the files anew by their names. */
  reopen(): void;
  /** Reads no more, and leaves the pipes to the next daemon; a line that is half read is left beside them. */
  hold(): void;
  /** Reads what is left, writes it, closes, removes the pipes; once, however often it is called. */
  close(): Promise<void>;
}

export type { PipePaths } from './lanes.ts';

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
  /** When the instance was made, Unix ms. */
  readonly createdAtMs: number;
  readonly logs: LogsSpec;
  /** Directory of the named pipes. */
  readonly runDir: string;
  /** The module os/pipes.ts. */
  readonly pipes: PipeCalls;
  readonly sinks: SinkRegistry;
  readonly fanout: LogFanout;
  readonly clock: Clock;
  /** Without one, no pipe is read at a pace. */
  readonly rhythm?: Rhythm | undefined;
  /** Without it, what was read and not written is lost with the daemon. */
  readonly landings?: InletOptions['landings'];
  onProblem(message: string): void;
  /** A file was rolled for a line of this stream. */
  onRolled?(stream: StreamName): void;
  /** What the app says about its files now; without it, what `logs` says. */
  roll?(): RollSpec;
}

/**
 * Makes the output side of an instance; nothing is opened yet.
 * @param options the instance, where its output goes, and the parts it shares with others
 * @returns the logs
 */
export function createInstanceLogs(options: InstanceLogsOptions): InstanceLogs {
  const { id, runDir, pipes, sinks } = options;
  const files = filesOf(options.logs, id);
  const written = [...new Set([files.out, files.error, files.combined])].filter((file) => file !== null);
  const onProblem = (message: string) => options.onProblem(message);
  const streams = { out: streamOf('out'), error: streamOf('error') };
  const lanes = createLanes({ id, runDir, pipes, streams, onProblem });
  let closing: Promise<void> | null = null;

  function streamOf(stream: StreamName): LogStream {
    const { app, slot, createdAtMs, logs, fanout, clock, rhythm, landings } = options;
    return createLogStream({
      source: { id, app, slot, stream },
      createdAtMs,
      logs,
      files: [...new Set([files[stream], files.combined])].filter((file) => file !== null),
      openForReading: pipes.openForReading,
      rhythm,
      landings,
      sinks,
      fanout,
      clock,
      onProblem,
      onRolled: () => options.onRolled?.(stream),
      roll: () => options.roll?.() ?? logs.roll,
    });
  }

  function openForSpawn(generation: number): { readonly out: number; readonly error: number } {
    const paths = lanes.take(generation);
    let out: number | null = null;
    try {
      out = openEnd(paths.out, pipes);
      return { out, error: openEnd(paths.error, pipes) };
    } catch (error) {
      if (out !== null) closeSync(out);
      lanes.leave(generation);
      throw error;
    }
  }

  return {
    open: lanes.open,
    prepareSecond: lanes.prepareSecond,
    pipesFor: lanes.take,
    adopt: lanes.adopt,
    openForSpawn,
    drain: lanes.leave,
    lastBytes: (stream, generation) => lanes.lastWords(stream, generation)?.read() ?? Buffer.alloc(0),
    lastLines(stream, count, generation) {
      const last = lanes.lastWords(stream, generation);
      return last === null ? [] : lastLinesOf(last, count);
    },
    account: () => ({ out: streams.out.account, error: streams.error.account }),
    restore(account) {
      for (const stream of ['out', 'error'] as const) addAccount(streams[stream].account, account[stream]);
    },
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
    hold: lanes.hold,
    close() {
      closing ??= lanes.close();
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

function positionOf(file: string | null, sinks: SinkRegistry): Position | null {
  return file === null ? null : sinks.position(file);
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
