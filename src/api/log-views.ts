/** What the route of logs streams: one head, then a record a line. */
export interface LogStreamHead {
  readonly type: 'head';
  /** Files that hold what came before the stream, and how many of their bytes are before it. */
  readonly files: readonly LogFileView[];
}

export interface LogFileView {
  /** Of the live file. */
  readonly path: string;
  readonly stream: 'out' | 'error';
  /** Number that the live file will have when it is rolled. */
  readonly seq: number;
  /** Bytes of that file before the stream; more than it has when it was rolled with lines still to be written. */
  readonly bytes: number;
  /** Instances that write to it. */
  readonly ids: readonly number[];
  /** Their slots, in the same order. */
  readonly slots: readonly number[];
  readonly app: string;
  readonly namespace: string;
}

export interface LogRecordView {
  readonly type: 'line';
  readonly id: number;
  readonly slot: number;
  readonly app: string;
  readonly namespace: string;
  readonly stream: 'out' | 'error';
  readonly atMs: number;
  /** The line without its newline, as the app wrote it (bytes that are not UTF-8 are replaced). */
  readonly text: string;
}

/** Lines read = lines in files + lines dropped, for each file that a stream has. */
export interface LogAccountView {
  readonly lines: number;
  /** Read. */
  readonly bytes: number;
  readonly dropped: number;
  /** By reason; `retention_unshipped` were in a file before. */
  readonly droppedBy: Readonly<Record<string, number>>;
  /** Lines that were too long and lost their end. */
  readonly cut: number;
}
