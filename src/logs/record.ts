export type StreamName = 'out' | 'error';

/** One line of an instance as live subscribers get it. */
export interface LogRecord {
  readonly type: 'line';
  readonly id: number;
  readonly app: string;
  readonly slot: number;
  readonly stream: StreamName;
  /** When it was read, Unix milliseconds. */
  readonly atMs: number;
  /** The line without its newline; bytes that are not UTF-8 are replaced. */
  readonly text: string;
}

/** Who wrote a line. */
export interface LogSource {
  readonly id: number;
  readonly app: string;
  readonly slot: number;
  readonly stream: StreamName;
}

/**
 * Why lines were lost: before they reached their file, or (retention_unshipped) after that, with a file that had to go
 * before all of it was shipped.
 */
export const DROP_REASONS = ['buffer_full', 'disk_error', 'retention_unshipped'] as const;

export type DropReason = (typeof DROP_REASONS)[number];

/** What one stream of an instance has done since it was made. */
export interface StreamAccount {
  lines: number;
  /** Bytes read. */
  bytes: number;
  /** Lines that did not reach a file; lines = written + dropped. */
  dropped: number;
  readonly droppedBy: Record<DropReason, number>;
  /** Lines that were too long and lost their end. */
  cut: number;
  /** Failed tries to open, write or roll a file. */
  writeErrors: number;
}

/**
 * Makes an account.
 * @returns all figures 0
 */
export function newAccount(): StreamAccount {
  const droppedBy = { buffer_full: 0, disk_error: 0, retention_unshipped: 0 };
  return { lines: 0, bytes: 0, dropped: 0, droppedBy, cut: 0, writeErrors: 0 };
}

/**
 * Adds the figures of an earlier daemon: some may have been counted here already.
 * @param account goes on
 * @param earlier is left as it is
 */
export function addAccount(account: StreamAccount, earlier: StreamAccount): void {
  for (const key of ['lines', 'bytes', 'dropped', 'cut', 'writeErrors'] as const) account[key] += earlier[key] ?? 0;
  for (const reason of DROP_REASONS) account.droppedBy[reason] += earlier.droppedBy?.[reason] ?? 0;
}
