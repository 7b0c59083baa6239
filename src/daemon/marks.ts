import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Home } from '../base/paths.ts';

/**
 * What the processes of a daemon carry in their environment, so that a later one finds them: `HOME/WHO/DAEMON`. HOME and
 * DAEMON are numbers that tell homes and daemons apart and nothing else.
 */
export interface Marks {
  /** How every mark of this home begins. */
  readonly prefix: string;
  /** Tells what this daemon has started from what others have. */
  readonly nonce: string;
  ofProcess(id: number, generation: number): string;
  ofHost(key: string): string;
}

/** What a mark says. */
export type Marked =
  | { readonly who: 'process'; readonly id: number; readonly generation: number; readonly nonce: string }
  | { readonly who: 'host'; readonly nonce: string };

/**
 * Makes the marks of a daemon.
 * @param home whose lock it holds
 */
export function createMarks(home: Home): Marks {
  // Not the secret itself: that names the lock.
  const prefix = `${createHash('sha256').update(readFileSync(home.lockKeyFile)).digest('hex').slice(0, 12)}/`;
  const nonce = randomBytes(6).toString('hex');
  return {
    prefix,
    nonce,
    ofProcess: (id, generation) => `${prefix}${id}:${generation}/${nonce}`,
    ofHost: (key) => `${prefix}host:${createHash('sha256').update(key).digest('hex').slice(0, 12)}/${nonce}`,
  };
}

/**
 * Reads a mark.
 * @param mark as it is in an environment
 * @returns what it says, or null for nonsense
 */
export function readMark(mark: string): Marked | null {
  const [, who = '', nonce = ''] = mark.split('/');
  if (who.startsWith('host:')) return { who: 'host', nonce };
  const [, id, generation] = /^(\d+):(\d+)$/.exec(who) ?? [];
  if (id === undefined || generation === undefined) return null;
  return { who: 'process', id: Number(id), generation: Number(generation), nonce };
}
