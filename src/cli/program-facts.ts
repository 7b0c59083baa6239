import type { Argument, Command, Option } from 'commander';

/** What the parser of command lines knows of a flag. */
export interface FlagFacts {
  readonly short: string | null;
  readonly long: string;
  /** As written: `-n, --name <name>`. */
  readonly flags: string;
  readonly about: string;
  readonly takes: 'nothing' | 'value' | 'value or nothing';
  /** Taken, and not shown in the help. */
  readonly hidden: boolean;
}

/** What it knows of a command. */
export interface CommandFacts {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly about: string;
  /** Heading of the help, without its colon. */
  readonly group: string;
  readonly operands: readonly { readonly text: string; readonly about: string }[];
  readonly flags: readonly FlagFacts[];
  /** Understood, and not shown in the help. */
  readonly hidden: boolean;
}

export interface ProgramFacts {
  readonly name: string;
  readonly about: string;
  /** Of every command. */
  readonly flags: readonly FlagFacts[];
  readonly commands: readonly CommandFacts[];
}

/**
 * Describes a program, for completions, the manual and the documentation.
 * @param program with all its commands
 * @returns plain data
 */
export function programFacts(program: Command): ProgramFacts {
  return {
    name: program.name(),
    about: program.description(),
    flags: program.options.map(flagFacts),
    commands: program.commands.map((command) => ({
      name: command.name(),
      aliases: command.aliases(),
      about: command.description(),
      group: command.helpGroup().replace(/:$/, ''),
      operands: command.registeredArguments.map((argument) => ({
        text: operandText(argument),
        about: argument.description,
      })),
      flags: command.options.map(flagFacts),
      hidden: command.description() === '',
    })),
  };
}

function flagFacts({ short, long, flags, description, required, optional, hidden }: Option): FlagFacts {
  const takesOne = optional ? 'value or nothing' : 'value';
  return {
    short: short ?? null,
    long: long ?? short ?? '',
    flags,
    about: description,
    takes: required || optional ? takesOne : 'nothing',
    hidden,
  };
}

function operandText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
