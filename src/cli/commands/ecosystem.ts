import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PromvisorError } from '../../base/errors.ts';
import { isFile } from '../app-sources.ts';
import { type CliContext, type ExitCode, say, writeJson } from '../context.ts';
import { ecosystemText } from '../render/ecosystem.ts';

/** .cjs, as a folder whose package.json says "type": "module" would not have a .js of this kind. */
const FILE = 'ecosystem.config.cjs';
const OTHERS = ['js', 'cjs', 'mjs', 'ts', 'json', 'yml', 'yaml'].map((end) => `ecosystem.config.${end}`);
const LIKELY = ['server.js', 'app.js', 'index.js', 'src/index.js', 'main.js', 'dist/index.js'];
const NAME = /^[\w.-]{1,100}$/;

/**
 * `init [simple]`: writes a config file for the app of the folder.
 * @param context of the command
 * @param operands `simple` for the least that works
 * @returns 0; 1 when there is a config file already, which stays as it is
 * @throws PromvisorError USAGE, and the error of the system when it cannot be written
 */
export async function ecosystemCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  const [kind, ...more] = operands;
  if (more.length > 0 || (kind !== undefined && kind !== 'simple')) {
    throw new PromvisorError('USAGE', `init: expected "simple" or nothing, got "${operands.join(' ')}"`);
  }
  const written = writeEcosystem(context.cwd, { name: FILE, simple: kind === 'simple' });
  if ('there' in written) {
    context.terminal.err(`promvisor: ${written.there} is there already; nothing was written\n`);
    return 1;
  }
  const { file } = written;
  if (context.json) writeJson(context, { file });
  say(context, `${file} written; change it as needed, then: promvisor start`);
  return 0;
}

/**
 * Writes the config file of a folder that has none.
 * @param cwd the folder
 * @param wanted name of the file; `simple` for the least that works
 * @returns the file, or the name of the one that is there already
 * @throws the error of the system when it cannot be written
 */
export function writeEcosystem(
  cwd: string,
  { name, simple }: { readonly name: string; readonly simple: boolean },
): { readonly file: string } | { readonly there: string } {
  const there = OTHERS.find((other) => existsSync(path.join(cwd, other)));
  if (there !== undefined) return { there };
  const file = path.join(cwd, name);
  writeFileSync(file, ecosystemText({ ...appOf(cwd), simple }), { flag: 'wx' });
  return { file };
}

/**
 * Tells whether `.js` in a folder is an ES module.
 * @param folder absolute path
 * @see https://nodejs.org/api/packages.html#determining-module-system: the nearest package.json says it
 */
export function isOfModules(folder: string): boolean {
  if (existsSync(path.join(folder, 'package.json'))) return packageOf(folder).type === 'module';
  const above = path.dirname(folder);
  return above !== folder && isOfModules(above);
}

/** Name and script as package.json has them, or as files look. */
function appOf(cwd: string): { readonly name: string; readonly script: string } {
  const { name, main } = packageOf(cwd);
  const likely = [...(typeof main === 'string' ? [main] : []), ...LIKELY].find((file) => isFile(file, cwd));
  const own = typeof name === 'string' ? name.replace(/^@[^/]*\//, '') : path.basename(cwd);
  return { name: NAME.test(own) ? own : 'app', script: likely ?? 'app.js' };
}

function packageOf(cwd: string): { readonly name?: unknown; readonly main?: unknown; readonly type?: unknown } {
  try {
    const value: unknown = JSON.parse(readFileSync(path.join(cwd, 'package.json'), 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
