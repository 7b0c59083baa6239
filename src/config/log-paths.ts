import path from 'node:path';
import { hasZstd, ZSTD_NEEDS } from '../base/zstd.ts';
import type { ExecMode, LogsSpec, LokiSpec, RollSpec } from '../core/spec.ts';
import { fileNameOf } from './names.ts';
import type { ReadApp } from './read-app.ts';
import { ATTRIBUTES, type Attributes } from './schema.ts';
import { scheduleError } from './triggers.ts';

/** PM2's `time: true`. */
const TIME_FORMAT = 'YYYY-MM-DDTHH:mm:ss';

export interface LogPlace {
  readonly name: string;
  readonly cwd: string;
  readonly logsDir: string;
  readonly execMode: ExecMode;
  /** Format for apps that ask for none (PM2_LOG_DATE_FORMAT), or null. */
  readonly defaultDateFormat: string | null;
}

/**
 * Resolves where output goes.
 * @param attributes out_file, error_file, log_file and their like
 * @param place the app's name and directories
 * @returns absolute paths
 */
export function logsSpec(attributes: Attributes, place: LogPlace): LogsSpec {
  const { log_file, disable_logs, merge_logs, instances, log_date_format, time, log_type } = attributes;
  const silent = disable_logs === true;
  const file = (given: string | undefined, suffix: string) => (silent ? null : filePath(given, suffix, place));
  const combined =
    log_file === undefined || log_file === false ? null : file(log_file === true ? undefined : log_file, '');
  return {
    outFile: file(attributes.out_file, '-out'),
    errorFile: file(attributes.error_file, '-error'),
    combinedFile: combined,
    merge: merge_logs ?? (place.execMode === 'fork' && instances === undefined),
    dateFormat: log_date_format ?? (time === true ? TIME_FORMAT : place.defaultDateFormat),
    type: log_type ?? 'plain',
    roll: rollSpec(attributes),
    loki: lokiSpec(attributes),
  };
}

function lokiSpec({ loki = true }: Attributes): LokiSpec {
  return typeof loki === 'boolean' ? { enabled: loki, labels: {} } : { enabled: true, labels: loki.labels };
}

function rollSpec({ max_size, frequency, retain, max_age, compress, max_total }: Attributes): RollSpec {
  return {
    maxSizeBytes: max_size ?? null,
    frequency: frequency ?? null,
    retain: retain ?? null,
    maxAgeMs: max_age ?? null,
    compress: compress ?? null,
    maxTotalBytes: max_total ?? null,
  };
}

/**
 * Checks when log files are rolled by time.
 * @param app as read; told of a pattern that means no time
 */
export async function checkFrequency({ attributes, complain }: ReadApp): Promise<void> {
  const { frequency } = attributes;
  if (frequency === undefined || ['none', 'hourly', 'daily'].includes(frequency)) return;
  const wrong = await scheduleError(frequency, null);
  if (wrong !== null) complain('frequency', ATTRIBUTES.frequency.expected, wrong);
}

/**
 * Checks how log files are compressed.
 * @param app as read; told of a way that this Node does not have
 */
export function checkCompression({ attributes, complain }: ReadApp): void {
  if (attributes.compress === 'zstd' && !hasZstd()) complain('compress', 'true, false or "gzip"', ZSTD_NEEDS);
}

function filePath(given: string | undefined, suffix: string, { name, cwd, logsDir }: LogPlace): string | null {
  if (given === undefined) return path.join(logsDir, `${fileNameOf(name)}${suffix}.log`);
  if (given === 'NULL' || given === '/dev/null') return null;
  return path.resolve(cwd, given);
}
