import { closeSync, openSync, readSync } from 'node:fs';
import { bootId } from '../base/boot-id.ts';
import type { Home } from '../base/paths.ts';

const HEADER_BYTES = 1024;

/**
 * Whether a daemon of this boot came to an end without being told to, and left apps behind that the next one takes over.
 * @param home where it kept its state
 */
export function leftBehind(home: Home): boolean {
  try {
    const line = firstLine(home.stateFile);
    const { instances, stopping, bootId: boot } = JSON.parse(line) as Record<string, unknown>;
    return typeof instances === 'number' && instances > 0 && stopping === false && boot === bootId();
  } catch {
    // No state, or none that can be read: nothing is known to be there.
    return false;
  }
}

function firstLine(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    const text = bytes.toString('utf8', 0, readSync(fd, bytes));
    return text.slice(0, text.indexOf('\n'));
  } finally {
    closeSync(fd);
  }
}
