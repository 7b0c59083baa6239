import { VERSION } from '../base/version.ts';
import type { CliContext } from './context.ts';
import { createProgram } from './program.ts';
import { type ProgramFacts, programFacts } from './program-facts.ts';
import { addRareCommands } from './rare-commands.ts';
import { renderManPage } from './render/man-page.ts';

const EXIT_CODES = [
  [0, 'done'],
  [1, 'failed: an app did not do what it was told, or something went wrong'],
  [2, 'usage: a flag, a target, a file or a setting cannot be like that'],
  [3, 'no daemon runs'],
  [4, 'there is no such app, namespace, id or setting'],
  [5, 'timed out, or aborted'],
] as const;

/** All commands and flags, as the parser of command lines has them. */
export function wholeProgram(): ProgramFacts {
  const makeContext = (): CliContext => {
    throw new Error('this program is only looked at');
  };
  return programFacts(createProgram({ makeContext, addMore: addRareCommands }, () => {}));
}

/**
 * The manual of the program.
 * @param version to be named; this one's when left out
 * @returns text for `man`
 */
export function manPage(version: string = VERSION): string {
  return renderManPage({ facts: wholeProgram(), version, exitCodes: EXIT_CODES });
}
