import { lstatSync, mkdirSync, readlinkSync, realpathSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, messageOf, PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, say, writeJson } from '../context.ts';

type Options = Readonly<Record<string, unknown>>;

const NAME = 'pm2';
/** What stood in the way of the link, until it is taken away again. */
const KEPT = 'pm2.before-promvisor';
const PROGRAM = 'promvisor.cjs';

/**
 * `pm2 install-shim`, `pm2 uninstall-shim`: makes the link `pm2` to this program, and undoes it.
 * @param context of the command
 * @param operands which of both
 * @param options `--dir`, and `--force`: also where another pm2 is, which is kept beside the link
 * @returns 0
 * @throws PromvisorError USAGE; NOT_SUPPORTED where something else has that name, NOT_FOUND
 */
export async function shimCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const [what, ...more] = operands;
  const { dir } = options;
  const program = process.argv[1] ?? '';
  const folder = path.resolve(context.cwd, typeof dir === 'string' ? dir : path.dirname(program));
  if (what === 'install-shim' && more.length === 0)
    return install(context, { folder, program, force: options['force'] === true });
  if (what === 'uninstall-shim' && more.length === 0) return uninstall(context, folder);
  throw new PromvisorError(
    'USAGE',
    `pm2: expected install-shim, uninstall-shim, or -- and a command line of PM2, got "${operands.join(' ')}"`,
  );
}

interface Install {
  readonly folder: string;
  /** As it was called: a link of its own, most often. */
  readonly program: string;
  readonly force: boolean;
}

function install(context: CliContext, { folder, program, force }: Install): ExitCode {
  const link = path.join(folder, NAME);
  const kept = path.join(folder, KEPT);
  const target = realpathSync(program);
  const found = whatIs(link);
  if (found === 'other' && !force) {
    throw new PromvisorError(
      'NOT_SUPPORTED',
      `${link}: expected no pm2 there, or a link to promvisor; --force puts it aside as ${KEPT} and "promvisor pm2 uninstall-shim" puts it back`,
    );
  }
  if (found === 'other' && whatIs(kept) !== 'nothing') {
    throw new PromvisorError('NOT_SUPPORTED', `${kept}: expected no such file, as it is to take what ${link} is now`);
  }
  attempt(link, () => {
    mkdirSync(folder, { recursive: true });
    if (found === 'other') renameSync(link, kept);
    const fresh = `${link}.new-${process.pid}`;
    symlinkSync(target, fresh);
    renameSync(fresh, link);
  });
  const first = firstInPath(context.env);
  if (context.json) writeJson(context, { link, target, kept: found === 'other' ? kept : null, firstInPath: first });
  say(context, `${link} is promvisor now (${target})`);
  if (found === 'other') say(context, `what was there is ${kept}; "promvisor pm2 uninstall-shim" puts it back`);
  if (first === null) say(context, `${folder} is not in PATH, so that no shell finds it`);
  else if (first !== link) say(context, `PATH has another pm2 before it: ${first}`);
  return 0;
}

function uninstall(context: CliContext, folder: string): ExitCode {
  const link = path.join(folder, NAME);
  const kept = path.join(folder, KEPT);
  const found = whatIs(link);
  if (found !== 'shim') {
    const got = found === 'nothing' ? 'nothing' : 'something else';
    throw new PromvisorError('NOT_FOUND', `${link}: expected a link to promvisor, got ${got}`);
  }
  const isKept = whatIs(kept) !== 'nothing';
  attempt(link, () => {
    // In one step where there is something to put back.
    if (isKept) renameSync(kept, link);
    else unlinkSync(link);
  });
  if (context.json) writeJson(context, { link, restored: isKept });
  say(context, isKept ? `${link} is again what it was` : `${link} is gone`);
  return 0;
}

function attempt(link: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new PromvisorError('NOT_SUPPORTED', `${link}: cannot be changed: ${messageOf(error)}`, { cause: error });
  }
}

function whatIs(file: string): 'nothing' | 'shim' | 'other' {
  try {
    if (!lstatSync(file).isSymbolicLink()) return 'other';
    // By its name: another installation of promvisor is no PM2 either.
    return path.basename(readlinkSync(file)) === PROGRAM ? 'shim' : 'other';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'nothing';
    throw new PromvisorError('NOT_SUPPORTED', `${file}: cannot be looked at: ${messageOf(error)}`, { cause: error });
  }
}

/** The pm2 that a shell would run. */
function firstInPath({ PATH = '' }: NodeJS.ProcessEnv): string | null {
  const files = PATH.split(path.delimiter).map((folder) => path.join(path.resolve(folder || '.'), NAME));
  return files.find((file) => whatIs(file) !== 'nothing') ?? null;
}
