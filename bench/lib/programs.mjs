import { fileURLToPath } from 'node:url';

/**
 * @param {string} name file in bench/programs
 * @returns {string} its path
 */
export function program(name) {
  return fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
}
