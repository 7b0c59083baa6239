import { spawnSync } from 'node:child_process';
import type { TestContext } from 'vitest';

/**
 * Skips the running test, with a reason that is printed and counted, where a program is missing.
 * @param context of the test
 * @param programs names for PATH
 */
export function needsPrograms(context: TestContext, ...programs: readonly string[]): void {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', 'command -v "$0"', program]).status !== 0);
  context.skip(missing.length > 0, `not on this machine: ${missing.join(', ')}`);
}
