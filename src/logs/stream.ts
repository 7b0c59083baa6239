import type { Clock } from '../base/clock.ts';
import type { LogsSpec, RollSpec } from '../core/spec.ts';
import { releaseChunk } from './chunks.ts';
import type { LogFanout } from './fanout.ts';
import { createLayout, type Layout } from './format.ts';
import { createInlet, type Inlet, type InletOptions } from './inlet.ts';
import { type LogSource, newAccount, type StreamAccount } from './record.ts';
import type { Run } from './runs.ts';
import type { LogSink, SinkOwner, SinkRegistry } from './sink.ts';

/** One output stream of an instance, from its pipes to its files and listeners. */
export interface LogStream {
  /** Over all inlets. */
  readonly account: StreamAccount;
  /** Adds a pipe, not started: its lines go among those of the others, whole. */
  addInlet(path: string): Inlet;
  /** Takes what is left in the pipes, ends unfinished lines, writes all and lets go. */
  close(): Promise<void>;
}

export interface LogStreamOptions {
  readonly source: LogSource;
  /** When the instance was made, Unix ms. */
  readonly createdAtMs: number;
  readonly logs: LogsSpec;
  /** Absolute paths of the files that get the lines. */
  readonly files: readonly string[];
  readonly openForReading: InletOptions['openForReading'];
  readonly rhythm?: InletOptions['rhythm'];
  readonly landings?: InletOptions['landings'];
  readonly sinks: SinkRegistry;
  readonly fanout: LogFanout;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
  readonly onRolled: () => void;
  /** What the app says about its files now; it changes with the spec, while files and layout stay. */
  readonly roll: () => RollSpec;
}

/** What a stream needs once it has said something: most of 300 idle instances never do. */
interface Works {
  readonly layout: Layout;
  readonly sinks: readonly LogSink[];
}

/**
 * Makes a stream.
 * @param options files and listeners
 * @returns the stream, without a pipe
 */
export function createLogStream(options: LogStreamOptions): LogStream {
  const account = newAccount();
  /** Sinks that asked to wait. */
  const full = new Set<LogSink>();
  let works: Works | null = null;
  /** Who spoke last. */
  let run: Run | null = null;

  let inlets: readonly Inlet[] = [];
  const inletOptions: InletOptions = {
    openForReading: options.openForReading,
    rhythm: options.rhythm,
    landings: options.landings,
    onProblem: options.onProblem,
    onLines,
    onCut: () => account.cut++,
    account,
  };

  function addInlet(path: string): Inlet {
    const inlet = createInlet(path, inletOptions);
    if (full.size > 0) inlet.pump.pause();
    inlets = [...inlets, inlet];
    return inlet;
  }

  function makeWorks(): Works {
    const owner: SinkOwner = {
      onDropped(lines, reason) {
        account.droppedBy[reason] += lines;
        // Those were written, and counted as such.
        if (reason !== 'retention_unshipped') account.dropped += lines;
      },
      onWriteError() {
        account.writeErrors++;
      },
      onProblem: options.onProblem,
      onRolled: options.onRolled,
      roll: options.roll,
    };
    return {
      layout: createLayout(options.logs, options.source),
      sinks: options.files.map((file) => options.sinks.acquire(file, owner)),
    };
  }

  function runOf(generation: number): Run | null {
    if (generation === 0) return null;
    if (run?.generation !== generation) {
      run = { id: options.source.id, generation, createdAtMs: options.createdAtMs };
    }
    return run;
  }

  function onLines(chunk: Buffer, count: number, generation: number): void {
    account.lines += count;
    const atMs = options.clock.wallMs();
    works ??= makeWorks();
    // First of all into the files: what is in hand is lost when the daemon is killed.
    if (works.sinks.length > 0) {
      const text = works.layout({ chunk, count, atMs });
      for (const sink of works.sinks) if (!sink.write(text, count, runOf(generation))) waitFor(sink);
      releaseChunk(text);
    }
    options.fanout.publish(options.source, chunk, atMs);
  }

  function waitFor(sink: LogSink): void {
    if (full.has(sink)) return;
    full.add(sink);
    for (const { pump } of inlets) pump.pause();
    sink.onDrain(() => {
      full.delete(sink);
      if (full.size > 0) return;
      for (const { pump } of inlets) pump.resume();
    });
  }

  return {
    account,
    addInlet,
    async close() {
      for (const inlet of inlets) {
        inlet.pump.drain();
        inlet.finish();
        inlet.stop();
      }
      await Promise.all(works?.sinks.map((sink) => sink.close()) ?? []);
    },
  };
}
