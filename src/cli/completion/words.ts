import type { CommandFacts, FlagFacts, ProgramFacts } from '../program-facts.ts';

/** Operands that are names of apps. */
const TARGET = /^[<[](targets?|what)/;

/** The names under which the program can be called. */
export const PROGRAMS = ['promvisor', 'pmv'] as const;

/**
 * Commands that people are to find, each with all its names.
 * @param facts of the program
 */
export function shownCommands({ commands }: ProgramFacts): readonly CommandFacts[] {
  return commands.filter(({ hidden }) => !hidden);
}

/**
 * Flags that people are to find with a command, those of every command too.
 * @param facts of the program
 * @param command one of it
 */
export function shownFlags({ flags }: ProgramFacts, command: CommandFacts): readonly FlagFacts[] {
  return [...command.flags, ...flags].filter(({ hidden }) => !hidden);
}

/**
 * @param command of the program
 * @returns true when its operands may be names of apps
 */
export function takesTargets({ operands }: CommandFacts): boolean {
  return operands.some(({ text }) => TARGET.test(text));
}

/**
 * Puts a text into single quotes, as all three shells understand it.
 * @param text of the program itself, without single quotes of its own
 */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
