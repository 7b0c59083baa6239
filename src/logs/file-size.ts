import { statSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { messageOf, PromvisorError } from '../base/errors.ts';

/**
 * Empties a log file; one that is not there, or is a device, is left as it is.
 * @param file absolute path
 * @throws PromvisorError INTERNAL when it cannot be emptied
 */
export async function emptyFile(file: string): Promise<void> {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) await truncate(file);
  } catch (error) {
    throw new PromvisorError('INTERNAL', `${file}: expected to empty the log file, got "${messageOf(error)}"`, {
      cause: error,
    });
  }
}

/**
 * Measures a log file.
 * @param file absolute path
 * @returns its bytes; 0 when it is not there or is a device
 */
export function sizeOf(file: string): number {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}
