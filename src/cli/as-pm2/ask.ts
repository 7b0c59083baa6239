import type { Problem } from '../../api/contract.ts';
import { problemLines } from './errors.ts';
import { failed, type Stage, warned } from './stage.ts';

/** What a command of ours has answered, as data. */
export interface CommandAnswer {
  readonly exitCode: number;
  /** Its JSON document, undefined when it gave none. */
  readonly data: unknown;
  /** What it told people beside that. */
  readonly remarks: readonly string[];
  /** Why it failed, null when it ran to its end. */
  readonly problem: Problem | null;
}

/** An instance as commands that change something tell of it. */
export interface InstanceOutcome {
  readonly id: number;
  readonly app: string;
  readonly ok: boolean;
  readonly message: string | null;
}

/**
 * Runs a command of ours for its data; nothing is printed.
 * @param argv arguments of promvisor
 * @param appArgs what followed `--`
 * @param env further variables of the shell
 */
export async function ask(
  argv: readonly string[],
  appArgs: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandAnswer> {
  // The bundle with every command: it is only loaded where something is changed.
  const { runForData } = await import('../run-all.ts');
  const { exitCode, out, err, problem } = await runForData(argv, appArgs, env);
  const remarks = err.split('\n').filter((line) => line !== '');
  return { exitCode, data: out === '' ? undefined : JSON.parse(out), remarks, problem };
}

/**
 * Runs a command of ours as it is: PM2 has no texts for it that scripts read. What goes wrong is told as PM2 would.
 * @param stage of the command
 */
export async function passOn({ call, context, complain }: Stage): Promise<number> {
  const { runForEnd } = await import('../run-all.ts');
  const split = call.argv.indexOf('--');
  const own = split === -1 ? call.argv : call.argv.slice(0, split);
  const { exitCode, problem } = await runForEnd(own, call.appArgs, (text) => context.terminal.err(asPm2s(text)));
  if (problem !== null) problemLines(problem, call.operands[0]).forEach(complain);
  return exitCode;
}

/** Lines that a command of ours begins with its name. */
function asPm2s(text: string): string {
  return text.replace(/^promvisor: (warning: )?/gm, (_, warning) => (warning === undefined ? failed('') : warned('')));
}

/**
 * The instances of which a command has told.
 * @param answer of a command that changes something
 */
export function outcomesOf({ data }: CommandAnswer): readonly InstanceOutcome[] {
  const { instances } = (data ?? {}) as { readonly instances?: readonly InstanceOutcome[] };
  return instances ?? [];
}
