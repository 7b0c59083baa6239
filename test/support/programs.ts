import { spawnSync } from 'node:child_process';
import type { TestContext } from 'vitest';

/**
 * Tells which programs are not on this machine.
 * @param programs names for PATH
 */
export function missingPrograms(...programs: readonly string[]): string[] {
  return programs.filter((program) => spawnSync('sh', ['-c', 'command -v "$0"', program]).status !== 0);
}

/**
 * Skips the running test, with a reason that is printed and counted, where a program is missing.
 * @param context of the test
 * @param programs names for PATH
 */
export function needsPrograms(context: TestContext, ...programs: readonly string[]): void {
  const missing = missingPrograms(...programs);
  context.skip(missing.length > 0, `not on this machine: ${missing.join(', ')}`);
}
