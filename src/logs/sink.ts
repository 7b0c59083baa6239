import type { RollSpec } from '../core/spec.ts';
import type { Position } from './read/position.ts';
import type { DropReason } from './record.ts';
import type { Run } from './runs.ts';

/** Where the lines of one stream go. The file behind it may be shared with other streams. */
export interface LogSink {
  /**
   * Takes whole lines.
   * @param chunk the bytes, from `takeChunk`: the sink holds them as long as it needs them
   * @param lines how many lines that is
   * @param run the process that said them, where it is known
   * @returns false when the writer should write no more until `onDrain` calls back
   */
  write(chunk: Buffer, lines: number, run?: Run | null): boolean;
  /** Calls back once, when there is room again. */
  onDrain(callback: () => void): void;
  /** Bytes of this stream that are in the file. */
  bytesWritten(): number;
  /** Writes what is pending (for a bounded time) and lets go of the file. */
  close(): Promise<void>;
}

/** Who writes, told what became of its lines. */
export interface SinkOwner {
  onDropped(lines: number, reason: DropReason): void;
  onWriteError(): void;
  onProblem(message: string): void;
  /** A file was closed and a new one begun, for a line of this writer. */
  onRolled(): void;
  /** What the app says about its files now. */
  roll(): RollSpec;
}

/** The log files of a daemon, by path: streams that name one path share one file. */
export interface SinkRegistry {
  /** Makes a sink for the path; nothing is opened before the first line. */
  acquire(path: string, owner: SinkOwner): LogSink;
  /** Empties the file, after what is pending was written. */
  truncate(path: string): Promise<void>;
  /** Tells a writer of the file of lines that were lost with a rolled file; nobody when there is none any more. */
  lostUnshipped(path: string, lines: number): void;
  /** Opens the file anew by its name, between two lines. */
  reopen(path: string): void;
  /** Where the file ends once everything taken so far is written. */
  position(path: string): Position;
  /** How long the file is once everything taken so far is written: `position` without its number, and cheap. */
  bytes(path: string): number;
  /** Waits, for a bounded time, until everything taken so far is in the file. */
  settled(path: string): Promise<void>;
}
