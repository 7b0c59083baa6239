import { readFileSync } from 'node:fs';

/** random(4): new with every boot. */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';
let knownBootId: string | null = null;

/**
 * Names the present boot of this host.
 * @returns the kernel's boot id, or an empty string where it cannot be read
 */
export function bootId(): string {
  if (knownBootId !== null) return knownBootId;
  try {
    knownBootId = readFileSync(BOOT_ID_FILE, 'latin1').trim();
  } catch {
    // No /proc: pid and start time have to do.
    knownBootId = '';
  }
  return knownBootId;
}
