import type { ProgramFacts } from '../program-facts.ts';
import { PROGRAMS, shownCommands, shownFlags, takesTargets } from './words.ts';

/**
 * Completion for bash 4 and newer.
 * @param facts of the program
 * @returns a script to be sourced
 */
export function bashCompletion(facts: ProgramFacts): string {
  const commands = shownCommands(facts);
  const cases = commands.map((command) => {
    const flags = shownFlags(facts, command).map(({ long }) => long);
    const names = takesTargets(command) ? '; names=yes' : '';
    return `    ${[command.name, ...command.aliases].join('|')}) flags='${flags.join(' ')}'${names} ;;`;
  });
  // Names of apps are compared, never expanded: compgen -W would run what is in them.
  return `# promvisor completion bash
_promvisor() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command='' flags='' names='' name at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ \${COMP_WORDS[at]} != -* ]]; then command=\${COMP_WORDS[at]}; break; fi
  done
  case $command in
    '') COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} ${facts.flags.map(({ long }) => long).join(' ')}' -- "$current")); return ;;
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n $names ]]; then
    while IFS= read -r name; do
      [[ $name == "$current"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
    done < <("$1" completion targets 2>/dev/null)
    [[ $command == start ]] && while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "$current")
  fi
}
complete -o default -F _promvisor ${PROGRAMS.join(' ')}
`;
}
