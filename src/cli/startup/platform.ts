import { existsSync } from 'node:fs';
import { PromvisorError } from '../../base/errors.ts';

const PLATFORMS = ['systemd', 'launchd', 'openrc'] as const;
export type Platform = (typeof PLATFORMS)[number];

/**
 * Reads the word for an init system, or finds out which one runs here.
 * @param word as given, undefined to look
 * @returns the platform
 * @throws PromvisorError USAGE for another word, NOT_SUPPORTED where none of them is found
 * @see sd_booted(3)
 */
export function platformOf(word: string | undefined): Platform {
  if (word !== undefined) {
    const known = PLATFORMS.find((platform) => platform === word);
    if (known !== undefined) return known;
    throw new PromvisorError('USAGE', `platform: expected ${PLATFORMS.join(', ')}, got "${word}"`);
  }
  if (process.platform === 'darwin') return 'launchd';
  if (existsSync('/run/systemd/system')) return 'systemd';
  if (existsSync('/run/openrc') || existsSync('/sbin/openrc-run')) return 'openrc';
  throw new PromvisorError(
    'NOT_SUPPORTED',
    `platform: expected an init system that runs here, found none of ${PLATFORMS.join(', ')}; name one to print its file`,
  );
}

/** True for a word that names a platform. */
export function isPlatform(word: string): boolean {
  return PLATFORMS.some((platform) => platform === word);
}
