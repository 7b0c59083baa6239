import type { FlagFacts, ProgramFacts } from '../program-facts.ts';
import { PROGRAMS, quoted, shownCommands, takesTargets } from './words.ts';

/**
 * Completion for fish.
 * @param facts of the program
 * @returns a file of its completions folder
 */
export function fishCompletion(facts: ProgramFacts): string {
  const [program, ...others] = PROGRAMS;
  const commands = shownCommands(facts);
  const all = commands.flatMap(({ name, aliases }) => [name, ...aliases]).join(' ');
  const bare = `complete -c ${program} -n "not __fish_seen_subcommand_from ${all}"`;
  const lines = [
    '# promvisor completion fish',
    ...commands.map(({ name, about }) => `${bare} -f -a ${quoted(name)} -d ${quoted(about)}`),
    ...facts.flags.filter(isShown).map((flag) => `complete -c ${program} ${flagWords(flag)}`),
  ];
  for (const command of commands) {
    const seen = `complete -c ${program} -n "__fish_seen_subcommand_from ${[command.name, ...command.aliases].join(' ')}"`;
    for (const flag of command.flags.filter(isShown)) lines.push(`${seen} ${flagWords(flag)}`);
    if (!takesTargets(command)) continue;
    lines.push(`${seen} ${command.name === 'start' ? '' : '-f '}-a "(${program} completion targets 2>/dev/null)"`);
  }
  return `${[...lines, ...others.map((other) => `complete -c ${other} -w ${program}`)].join('\n')}\n`;
}

const isShown = ({ hidden }: FlagFacts): boolean => !hidden;

function flagWords({ short, long, about, takes }: FlagFacts): string {
  const name = `-l ${long.replace(/^--/, '')}${short === null ? '' : ` -s ${short.replace(/^-/, '')}`}`;
  return `${name}${takes === 'value' ? ' -r' : ''} -d ${quoted(about)}`;
}
