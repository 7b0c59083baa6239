import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** A native app that does nothing; it ends by itself within the hour, should the bench be killed. */
const SLEEP_S = '3600';

/**
 * @param {number} count
 * @param {string} prefix
 * @returns {object[]} ecosystem entries of sleeping native apps
 */
export function sleepers(count, prefix = 'sleep') {
  return Array.from({ length: count }, (_, i) => native(`${prefix}-${i}`, '/bin/sleep', [SLEEP_S]));
}

/**
 * @param {string} name
 * @param {string} script absolute path of a program
 * @param {readonly string[]} args
 * @param {object} [more] further keys
 */
export function native(name, script, args, more = {}) {
  return { name, script, args, interpreter: 'none', exec_mode: 'fork', ...more };
}

/**
 * Writes an ecosystem file that every supervisor here reads.
 * @param {string} folder
 * @param {object[]} apps
 * @returns {string} its path
 */
export function writeEcosystem(folder, apps) {
  const file = path.join(folder, 'ecosystem.config.json');
  writeFileSync(file, JSON.stringify({ apps }, null, 1));
  return file;
}
