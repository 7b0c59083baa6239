import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, PromvisorError } from '../../base/errors.ts';

/**
 * Writes a file of an init system, which never finds half of one.
 * @param file absolute path; its folder is made
 * @param text content
 * @param mode permissions
 * @throws PromvisorError STARTUP_FAILED
 */
export function writeNewFile(file: string, text: string, mode = 0o644): void {
  // Not the ending that is looked for: nobody takes it for the file.
  const fresh = `${file}.new`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(fresh, text);
    chmodSync(fresh, mode);
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new PromvisorError('STARTUP_FAILED', `${file} could not be written: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Removes a file of an init system.
 * @param file absolute path
 * @throws PromvisorError STARTUP_FAILED
 */
export function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    throw new PromvisorError('STARTUP_FAILED', `${file} could not be removed: ${messageOf(error)}`, { cause: error });
  }
}
