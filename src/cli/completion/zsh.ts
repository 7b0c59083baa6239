import type { ProgramFacts } from '../program-facts.ts';
import { PROGRAMS, quoted, shownCommands, shownFlags, takesTargets } from './words.ts';

/**
 * Completion for zsh.
 * @param facts of the program
 * @returns a script to be sourced after compinit, or a file of fpath
 */
export function zshCompletion(facts: ProgramFacts): string {
  const commands = shownCommands(facts);
  const words = commands.map(({ name, about }) => `    ${described(name, about)}`);
  const cases = commands.map((command) => {
    const flags = shownFlags(facts, command).map(({ long, about }) => `      ${described(long, about)}`);
    const names = takesTargets(command) ? '\n      names=yes' : '';
    return `    ${[command.name, ...command.aliases].join('|')})\n      flags=(\n${flags.join('\n')}\n      )${names} ;;`;
  });
  return `#compdef ${PROGRAMS.join(' ')}
# promvisor completion zsh
_promvisor() {
  local -a commands flags targets
  local command='' names='' word
  for word in \${words[2,CURRENT-1]}; do
    if [[ $word != -* ]]; then command=$word; break; fi
  done
  commands=(
${words.join('\n')}
  )
  case $command in
    '') _describe -t commands command commands; return ;;
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o -t flags flag flags
    return
  fi
  if [[ -n $names ]]; then
    targets=("\${(@f)$($words[1] completion targets 2>/dev/null)}")
    [[ -n $targets ]] && compadd -a targets
  fi
  [[ -z $names || $command == start ]] && _files
}
if [[ \${funcstack[1]} == _promvisor ]]; then _promvisor "$@"; else compdef _promvisor ${PROGRAMS.join(' ')}; fi
`;
}

/** A colon ends the word. */
function described(word: string, about: string): string {
  return quoted(`${word.replaceAll(':', '\\:')}:${about}`);
}
