import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Logger, pino } from 'pino';
import roll from 'pino-roll';
import type { Home } from '../base/paths.ts';

/** The daemon's own log: data first, then a fixed sentence. Never environment values. */
export type DaemonLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  /** Waits until what was logged is in the file. */
  close(): Promise<void>;
};

export interface OwnLogOptions {
  readonly home: Home;
  readonly level: string;
  readonly maxSizeBytes: number;
  /** How many closed files are kept beside the live one. */
  readonly retain: number;
  /** Also to stdout, for the foreground. */
  readonly foreground: boolean;
}

/** What may wait for the disk; above it lines are dropped, as memory is worth more than the log of a full disk. */
const MAX_PENDING_BYTES = 1_048_576;
/** A burst of starts is a few writes, not two for each instance; a line is in the file this much later at most. */
const GATHERED_BYTES = 8_192;
const GATHERED_MS = 200;

/**
 * Opens the daemon's own log, rolled by size in a folder of its own.
 * @param options where, how much of it, how detailed
 * @returns the log
 */
export async function openOwnLog(options: OwnLogOptions): Promise<DaemonLog> {
  mkdirSync(options.home.daemonLogDir, { recursive: true, mode: 0o700 });
  const file = await roll({
    file: path.join(options.home.daemonLogDir, 'daemon'),
    extension: '.log',
    size: `${Math.max(1, Math.round(options.maxSizeBytes / 1024))}k`,
    limit: { count: options.retain, removeOtherLogFiles: true },
    mkdir: true,
    maxLength: MAX_PENDING_BYTES,
    minLength: GATHERED_BYTES,
  });
  // A full disk costs log lines, never the daemon.
  file.on('error', () => {});
  const gathered = gathering(file);
  const level = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const streams = [{ level: options.level, stream: gathered }];
  const destination = options.foreground
    ? pino.multistream([...streams, { level: options.level, stream: process.stdout }])
    : gathered;
  const logger = pino(level, destination);
  return Object.assign(logger, { close: () => closeFile(file) });
}

/** Not SonicBoom's periodicFlush: its timer would wake an idle daemon for nothing. */
function gathering(file: Awaited<ReturnType<typeof roll>>): { write(line: string): void } {
  let isArmed = false;
  function flush(): void {
    isArmed = false;
    // A full disk is told by 'error'.
    file.flush(() => {});
  }
  return {
    write(line) {
      file.write(line);
      if (isArmed) return;
      isArmed = true;
      setTimeout(flush, GATHERED_MS).unref();
    },
  };
}

function closeFile(file: Awaited<ReturnType<typeof roll>>): Promise<void> {
  return new Promise((resolve) => {
    file.once('close', resolve);
    file.once('error', () => resolve());
    file.end();
  });
}
