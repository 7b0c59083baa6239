import type { ExecMode } from '../core/spec.ts';
import { isNode } from './interpreter.ts';
import type { Attributes } from './schema.ts';

/**
 * Counts the instances that are wanted.
 * @param given `instances`: 0 is one per CPU, a negative number leaves that many CPUs free
 * @param cpus of the machine
 * @returns at least 1
 */
export function instanceCount(given: number | undefined, cpus: number): number {
  if (given === undefined) return 1;
  return Math.max(1, given > 0 ? given : cpus + given);
}

/**
 * Chooses the mode as PM2 does: Node apps with `instances` of 1 and more, of 0 or of -1 are clusters.
 * @param attributes exec_mode, execute_command, instances
 * @param interpreter of the app
 * @returns what was asked for, else what follows
 */
export function execModeOf(attributes: Attributes, interpreter: string): ExecMode {
  const { exec_mode, execute_command, instances } = attributes;
  if (execute_command === true) return 'fork';
  if (exec_mode !== undefined) return exec_mode.startsWith('cluster') ? 'cluster' : 'fork';
  return instances !== undefined && instances >= -1 && isNode(interpreter) ? 'cluster' : 'fork';
}
