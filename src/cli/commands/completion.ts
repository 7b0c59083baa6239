import { createClient } from '../../api/client.ts';
import { PromvisorError } from '../../base/errors.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { CliContext, ExitCode } from '../context.ts';
import type { ProgramFacts } from '../program-facts.ts';
import { plain } from '../render/text.ts';

const SHELLS: Readonly<Record<string, (facts: ProgramFacts) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/**
 * `completion SHELL`: the completion script of a shell. `completion targets`: what it completes names of apps with.
 * @param context of the command
 * @param operands the shell
 * @param facts of the program
 * @returns 0
 * @throws PromvisorError USAGE for a shell that is not known
 */
export async function completionCommand(
  context: CliContext,
  operands: readonly string[],
  facts: ProgramFacts,
): Promise<ExitCode> {
  const [word = '', ...more] = operands;
  if (word === 'targets') {
    for (const name of await targetNames(context)) context.terminal.out(`${plain(name)}\n`);
    return 0;
  }
  const script = Object.hasOwn(SHELLS, word) ? SHELLS[word] : undefined;
  if (script === undefined || more.length > 0) {
    throw new PromvisorError('USAGE', `completion: expected bash, zsh or fish, got "${operands.join(' ')}"`);
  }
  context.terminal.out(script(facts));
  return 0;
}

/** Whoever presses the tab key wants no daemon started, and no error told. */
async function targetNames({ home }: CliContext): Promise<readonly string[]> {
  try {
    const instances = await createClient(home.socket).instances();
    const namespaces = instances.map(({ namespace }) => namespace).filter((namespace) => namespace !== 'default');
    return [...new Set([...instances.map(({ app }) => app), ...namespaces])].sort();
  } catch (error) {
    if (error instanceof PromvisorError) return [];
    throw error;
  }
}
