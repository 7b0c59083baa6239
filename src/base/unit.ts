import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Home } from './paths.ts';

/** A unit of systemd whose main process is the daemon. */
export interface Unit {
  /** Of the host, or of the user. */
  readonly manager: 'system' | 'user';
  /** With its ending, `promvisor-ann.service`. */
  readonly name: string;
}

/** How the unit file tells the daemon which unit it is: `--unit=system:promvisor-ann.service`. */
export const UNIT_FLAG = '--unit=';

/**
 * Reads a unit as the flag and the note have it.
 * @param text `system:NAME` or `user:NAME`
 * @returns the unit, or null for anything else
 */
export function parseUnit(text: string): Unit | null {
  const [, manager, name] = /^(system|user):([\w:.\\@][\w:.\\@-]*)$/.exec(text.trim()) ?? [];
  if (name === undefined) return null;
  return { manager: manager === 'user' ? 'user' : 'system', name };
}

/** The text that `parseUnit` reads. */
export function unitText({ manager, name }: Unit): string {
  return `${manager}:${name}`;
}

/** Where the daemon of a unit notes which one that is, for commands that find no daemon. */
export function unitNote(home: Home): string {
  return path.join(home.runDir, 'unit');
}

/**
 * The unit that served a home last.
 * @param home of the daemon
 * @returns the unit, which may be gone meanwhile; null where none ever did
 */
export function notedUnit(home: Home): Unit | null {
  try {
    return parseUnit(readFileSync(unitNote(home), 'utf8'));
  } catch {
    // No note, or none for us: then no unit is known.
    return null;
  }
}

/** Arguments of `systemctl` that lead to the manager of a unit. It never asks for a password: nobody may be there. */
export function managerFlags({ manager }: Unit): readonly string[] {
  return manager === 'user' ? ['--user', '--no-ask-password'] : ['--no-ask-password'];
}
