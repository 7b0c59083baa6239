import path from 'node:path';
import type { ExecMode, LogsSpec } from '../core/spec.ts';
import { fileNameOf } from './names.ts';
import type { Attributes } from './schema.ts';

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
  };
}

function filePath(given: string | undefined, suffix: string, { name, cwd, logsDir }: LogPlace): string | null {
  if (given === undefined) return path.join(logsDir, `${fileNameOf(name)}${suffix}.log`);
  if (given === 'NULL' || given === '/dev/null') return null;
  return path.resolve(cwd, given);
}
