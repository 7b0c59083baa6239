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
  const there = OTHERS.find((name) => existsSync(path.join(context.cwd, name)));
  if (there !== undefined) {
    context.terminal.err(`promvisor: ${there} is there already; nothing was written\n`);
    return 1;
  }
  const file = path.join(context.cwd, FILE);
  writeFileSync(file, ecosystemText({ ...appOf(context.cwd), simple: kind === 'simple' }), { flag: 'wx' });
  if (context.json) writeJson(context, { file });
  say(context, `${file} written; change it as needed, then: promvisor start`);
  return 0;
}

/** Name and script as package.json has them, or as files look. */
function appOf(cwd: string): { readonly name: string; readonly script: string } {
  const { name, main } = packageOf(cwd);
  const likely = [...(typeof main === 'string' ? [main] : []), ...LIKELY].find((file) => isFile(file, cwd));
  const own = typeof name === 'string' ? name.replace(/^@[^/]*\//, '') : path.basename(cwd);
  return { name: NAME.test(own) ? own : 'app', script: likely ?? 'app.js' };
}

function packageOf(cwd: string): { readonly name?: unknown; readonly main?: unknown } {
  try {
    const value: unknown = JSON.parse(readFileSync(path.join(cwd, 'package.json'), 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
