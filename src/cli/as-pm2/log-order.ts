import { statSync } from 'node:fs';
import type { Row } from './row.ts';

export type StreamName = 'out' | 'err';

export interface RowLog {
  readonly file: string;
  readonly row: Row;
  readonly stream: StreamName;
}

/**
 * The log files of rows in PM2's order: what was written to last comes last.
 * @param rows of jlist
 * @param streams that are wanted
 * @returns each file once
 */
export function logFilesOf(rows: readonly Row[], streams: readonly StreamName[]): RowLog[] {
  const logs = new Map<string, RowLog & { readonly writtenAtMs: number }>();
  for (const row of rows) {
    for (const stream of streams) {
      const file = stream === 'out' ? row.pm2_env.pm_out_log_path : row.pm2_env.pm_err_log_path;
      if (file !== '/dev/null' && !logs.has(file))
        logs.set(file, { file, row, stream, writtenAtMs: writtenAtMs(file) });
    }
  }
  return [...logs.values()].sort((a, b) => a.writtenAtMs - b.writtenAtMs);
}

/** What is not there yet was never written to. */
function writtenAtMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
