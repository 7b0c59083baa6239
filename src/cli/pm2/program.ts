import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf, PromvisorError } from '../../base/errors.ts';

const runFile = promisify(execFile);
/** `pm2 stop` waits for the kill_timeout of each app. */
const COMMAND_MS = 10 * 60_000;
const ANSWER_BYTES = 256 * 1024 * 1024;
/** Beside a link of `promvisor pm2 install-shim --force`. */
const NAMES = ['pm2', 'pm2.before-promvisor'];
const OUR_PROGRAM = 'promvisor.cjs';

/** Runs a command of the real PM2 and gives its stdout. */
export type Pm2Command = (...args: readonly string[]) => Promise<string>;

/**
 * The PM2 of PATH, for one home; promvisor under that name is passed over.
 * @param home folder
 * @param env with PATH
 * @returns runs it; fails with NOT_SUPPORTED where there is none, with STOP_FAILED when a command of it fails
 */
export function pm2Command(home: string, env: NodeJS.ProcessEnv): Pm2Command {
  return async (...args) => {
    const program = programIn(env['PATH'] ?? '');
    if (program === null) {
      throw new PromvisorError('NOT_SUPPORTED', 'PM2 is asked by its program: expected "pm2" in PATH');
    }
    try {
      const options = { env: { ...env, PM2_HOME: home, PM2_DISCRETE_MODE: 'true' }, timeout: COMMAND_MS };
      return (await runFile(program, args, { ...options, maxBuffer: ANSWER_BYTES })).stdout;
    } catch (error) {
      throw new PromvisorError('STOP_FAILED', `pm2 ${args.join(' ')}: ${messageOf(error).trim()}`, { cause: error });
    }
  };
}

function programIn(folders: string): string | null {
  const files = folders.split(path.delimiter).flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  const isPm2 = (file: string) =>
    path.isAbsolute(file) && existsSync(file) && path.basename(realpathSync(file)) !== OUR_PROGRAM;
  return files.find(isPm2) ?? null;
}
