import type { Clock } from '../base/clock.ts';
import type { LogsSpec } from '../core/spec.ts';
import { releaseChunk } from './chunks.ts';
import type { LogFanout } from './fanout.ts';
import { createLayout, type Layout } from './format.ts';
import { createLastBytes, type LastBytes } from './last-bytes.ts';
import { createLineCutter, type LineCutter } from './lines.ts';
import { createPump, type PumpOptions } from './pump.ts';
import { type LogSource, newAccount, type StreamAccount } from './record.ts';
import type { LogSink, SinkOwner, SinkRegistry } from './sink.ts';

/** One output stream of an instance, from its pipe to its files and listeners. */
export interface LogStream {
  readonly account: StreamAccount;
  start(): void;
  drain(): void;
  /** What was last read, or null when nothing was read yet. */
  last(): LastBytes | null;
  /** Takes what is left in the pipe, ends an unfinished line, writes all and lets go. */
  close(): Promise<void>;
}

export interface LogStreamOptions {
  readonly source: LogSource;
  readonly logs: LogsSpec;
  /** The named pipe. */
  readonly path: string;
  /** Absolute paths of the files that get the lines. */
  readonly files: readonly string[];
  readonly openForReading: PumpOptions['openForReading'];
  readonly sinks: SinkRegistry;
  readonly fanout: LogFanout;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
}

/** What a stream needs once it has said something: most of 300 idle instances never do. */
interface Works {
  readonly cutter: LineCutter;
  readonly last: LastBytes;
  readonly layout: Layout;
  readonly sinks: readonly LogSink[];
}

/**
 * Makes a stream.
 * @param options pipe, files and listeners
 * @returns the stream, not started
 */
export function createLogStream(options: LogStreamOptions): LogStream {
  const account = newAccount();
  /** Sinks that asked to wait. */
  const full = new Set<LogSink>();
  let works: Works | null = null;

  const pump = createPump({
    path: options.path,
    openForReading: options.openForReading,
    onProblem: options.onProblem,
    onBytes(piece) {
      works ??= makeWorks();
      account.bytes += piece.length;
      works.last.append(piece);
      works.cutter.push(piece);
    },
    onEnd: () => works?.cutter.finish(),
  });

  function makeWorks(): Works {
    const owner: SinkOwner = {
      onDropped(lines, reason) {
        account.dropped += lines;
        account.droppedBy[reason] += lines;
      },
      onWriteError() {
        account.writeErrors++;
      },
      onProblem: options.onProblem,
    };
    return {
      cutter: createLineCutter({ onLines, onCut: () => account.cut++ }),
      last: createLastBytes(),
      layout: createLayout(options.logs, options.source),
      sinks: options.files.map((file) => options.sinks.acquire(file, owner)),
    };
  }

  function onLines(chunk: Buffer, count: number): void {
    account.lines += count;
    const atMs = options.clock.wallMs();
    options.fanout.publish(options.source, chunk, atMs);
    if (works === null || works.sinks.length === 0) return;
    const text = works.layout({ chunk, count, atMs });
    for (const sink of works.sinks) if (!sink.write(text, count)) waitFor(sink);
    releaseChunk(text);
  }

  function waitFor(sink: LogSink): void {
    if (full.has(sink)) return;
    full.add(sink);
    pump.pause();
    sink.onDrain(() => {
      full.delete(sink);
      if (full.size === 0) pump.resume();
    });
  }

  return {
    account,
    start: pump.start,
    drain: pump.drain,
    last: () => works?.last ?? null,
    async close() {
      pump.drain();
      works?.cutter.finish();
      pump.stop();
      await Promise.all(works?.sinks.map((sink) => sink.close()) ?? []);
    },
  };
}
