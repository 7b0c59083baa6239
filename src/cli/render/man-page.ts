import type { CommandFacts, FlagFacts, ProgramFacts } from '../program-facts.ts';

export interface ManPageOptions {
  readonly facts: ProgramFacts;
  readonly version: string;
  /** Exit codes and what they mean. */
  readonly exitCodes: readonly (readonly [code: number, meaning: string])[];
}

/**
 * The manual, from what the parser of command lines knows.
 * @param options program, version, exit codes
 * @returns text for `man`, section 1
 * @see man(7)
 */
export function renderManPage({ facts, version, exitCodes }: ManPageOptions): string {
  const commands = facts.commands.filter(({ hidden }) => !hidden);
  const groups = [...new Set(commands.map(({ group }) => group))];
  const lines = [
    `.TH PROMVISOR 1 "" "promvisor ${version}" "User Commands"`,
    '.SH NAME',
    `promvisor \\- ${roff(`${facts.about.charAt(0).toLowerCase()}${facts.about.slice(1)}`)}`,
    '.SH SYNOPSIS',
    '.B promvisor',
    '.I command',
    '.RI [ operands ...]',
    '.RI [ flags ]',
    '.RB [ \\-\\-',
    '.IR "arguments of the app" ...]',
    '.SH FLAGS OF EVERY COMMAND',
    ...facts.flags.flatMap(flagLines),
    ...groups.flatMap((group) => [
      `.SH ${roff(group.toUpperCase())}`,
      ...commands.filter((command) => command.group === group).flatMap(commandLines),
    ]),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '.SH FILES',
    '.TP',
    '.I $PROMVISOR_HOME',
    'home of the daemon, ~/.promvisor without it: settings.json, logs/, pids/, state/, dump.json',
    '.SH SEE ALSO',
    'The pages in docs/ of the package: pm2.md for those who come from PM2.',
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines({ name, aliases, operands, about, flags }: CommandFacts): string[] {
  const words = operands.map(({ text }) => roff(text)).join(' ');
  const others =
    aliases.length === 0 ? [] : ['.br', `Also: ${aliases.map((alias) => `\\fB${roff(alias)}\\fR`).join(', ')}.`];
  const explained = operands
    .filter((operand) => operand.about !== '')
    .map((operand) => ['.br', `${roff(operand.text)}: ${roff(operand.about)}.`]);
  return [
    '.SS',
    `\\fBpromvisor ${roff(name)}\\fR ${words}`.trimEnd(),
    sentence(about),
    ...explained.flat(),
    ...others,
    ...flags.filter(({ hidden }) => !hidden).flatMap(flagLines),
  ];
}

function flagLines({ flags, about }: FlagFacts): string[] {
  return ['.TP', `.B ${roff(flags)}`, sentence(about)];
}

function sentence(text: string): string {
  return roff(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
}

/** A backslash, a hyphen and a dot or quote at the begin of a line have a meaning of their own. */
function roff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&');
}
