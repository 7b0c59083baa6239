import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { PromvisorError } from '../../src/base/errors.ts';
import type { Home } from '../../src/base/paths.ts';
import type { CliContext, GlobalOptions } from '../../src/cli/context.ts';
import { runProgram } from '../../src/cli/program.ts';
import { addRareCommands } from '../../src/cli/rare-commands.ts';
import { painter } from '../../src/cli/render/style.ts';
import { NOW_MS } from './views.ts';

export interface CliRun {
  readonly code: number | null;
  /** The error that it would tell, null when it did well. */
  readonly error: PromvisorError | null;
  readonly out: string;
  readonly err: string;
}

/** A working directory inside the home of the test. */
export function workFolder(home: Home): string {
  const work = path.join(home.root, 'work');
  mkdirSync(work, { recursive: true });
  return work;
}

/**
 * Runs a command line within the test, without a terminal.
 * @param home of the test
 * @param argv arguments; what follows `--` is for the app
 * @returns what came of it
 * @throws whatever is no PromvisorError: a defect
 */
export async function runCli(home: Home, argv: readonly string[]): Promise<CliRun> {
  let out = '';
  let err = '';
  const split = argv.indexOf('--');
  const context: CliContext = {
    home,
    env: { PATH: '/nowhere', HOME: home.root, FROM_SHELL: 'yes', PROMVISOR_SECRET: 'no' },
    cwd: workFolder(home),
    daemonFile: path.join(home.root, 'no-such-daemon.cjs'),
    terminal: {
      live: false,
      width: 80,
      paint: painter(false),
      paintError: painter(false),
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      drained: () => Promise.resolve(),
    },
    json: false,
    silent: false,
    appArgs: split === -1 ? [] : argv.slice(split + 1),
    nowMs: () => NOW_MS,
  };
  try {
    const own = split === -1 ? argv : argv.slice(0, split);
    const makeContext = ({ json, silent }: GlobalOptions) => ({
      ...context,
      json: json === true,
      silent: silent === true,
    });
    const code = await runProgram(own, { makeContext, addMore: addRareCommands });
    return { code, error: null, out, err };
  } catch (error) {
    if (!(error instanceof PromvisorError)) throw error;
    return { code: null, error, out, err };
  }
}
