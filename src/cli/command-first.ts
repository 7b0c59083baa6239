import type { Command, Option } from 'commander';

/**
 * Puts the command first where flags stand before it, as PM2 allows: `--name api start server.js`.
 * @param argv arguments, without what follows `--`
 * @param program with all its commands
 * @returns the same arguments, the flags last; unchanged when no command is among them
 */
export function commandFirst(argv: readonly string[], program: Command): readonly string[] {
  if (argv[0]?.startsWith('-') !== true) return argv;
  const names = new Set(program.commands.flatMap((command) => [command.name(), ...command.aliases()]));
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    if (names.has(argument)) return [...argv.slice(at), ...argv.slice(0, at)];
    if (!argument.startsWith('-')) return argv;
    const option = optionOf(argument, program);
    const next = argv[at + 1];
    if (next === undefined || option === null) continue;
    if (option.required || (option.optional && !names.has(next) && !next.startsWith('-'))) at++;
  }
  return argv;
}

/** The flag of the program or of any command; null for one that takes nothing after it. */
function optionOf(argument: string, program: Command): Option | null {
  const all = [program, ...program.commands].flatMap(({ options }) => options);
  return all.find(({ short, long }) => short === argument || long === argument) ?? null;
}
