import type { Problem } from '../../api/contract.ts';

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
 */
export async function ask(argv: readonly string[], appArgs: readonly string[] = []): Promise<CommandAnswer> {
  // The bundle with every command: it is only loaded where something is changed.
  const { runForData } = await import('../run-all.ts');
  const { exitCode, out, err, problem } = await runForData(argv, appArgs);
  const remarks = err.split('\n').filter((line) => line !== '');
  return { exitCode, data: out === '' ? undefined : JSON.parse(out), remarks, problem };
}

/**
 * Runs a command of ours as it is: PM2 has no texts for it that scripts read.
 * @param argv arguments of promvisor
 */
export async function passOn(argv: readonly string[]): Promise<number> {
  const { runAll } = await import('../run-all.ts');
  return runAll(argv);
}

/**
 * The instances of which a command has told.
 * @param answer of a command that changes something
 */
export function outcomesOf({ data }: CommandAnswer): readonly InstanceOutcome[] {
  const { instances } = (data ?? {}) as { readonly instances?: readonly InstanceOutcome[] };
  return instances ?? [];
}
