import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, PromvisorError } from '../base/errors.ts';

/** A configuration that waits for something that does not come would hold the command for ever. */
const LONGEST_LOAD_MS = 15_000;
const LONGEST_CHECK_MS = 5_000;

/**
 * Runs a configuration that is a module, CommonJS or ESM.
 * @param file as the user wrote it, for messages
 * @param absolute its absolute path
 * @returns its default export, or what `module.exports` is; a promise is waited for
 * @throws PromvisorError CONFIG_UNREADABLE with file and line; NOT_SUPPORTED for TypeScript on a Node without it
 */
export async function importConfig(file: string, absolute: string): Promise<unknown> {
  if (/\.[cm]?ts$/i.test(absolute) && !stripsTypes()) {
    throw new PromvisorError(
      'NOT_SUPPORTED',
      `${file}: expected Node 22.18 or newer for a configuration in TypeScript, got Node ${process.versions.node}`,
      { details: { file } },
    );
  }
  try {
    const module: unknown = await inTime(import(pathToFileURL(absolute).href));
    return await inTime(exportOf(module));
  } catch (error) {
    throw await unreadable(error, file, absolute);
  }
}

/** `process.features.typescript` is 'strip' or 'transform' where types are stripped: https://nodejs.org/api/process.html */
function stripsTypes(): boolean {
  const value: unknown = Reflect.get(process.features, 'typescript');
  return typeof value === 'string';
}

async function inTime<T>(work: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`expected it to load within ${LONGEST_LOAD_MS / 1000} s`);
    timer = setTimeout(() => reject(error), LONGEST_LOAD_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** ESM compiled to CommonJS has its default export under `default` once more. */
function exportOf(module: unknown): unknown {
  const outer = defaultOf(module);
  return hasDefault(outer) && Reflect.get(outer, '__esModule') === true ? outer.default : outer;
}

function defaultOf(module: unknown): unknown {
  return hasDefault(module) ? module.default : module;
}

function hasDefault(value: unknown): value is { readonly default: unknown } {
  return typeof value === 'object' && value !== null && 'default' in value;
}

async function unreadable(error: unknown, file: string, absolute: string): Promise<PromvisorError> {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const place = placeIn(stack, absolute) ?? (error instanceof SyntaxError ? await syntaxPlace(absolute) : null);
  const at = place === null ? '' : `:${place.line}`;
  const kind = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : '';
  const first = messageOf(error).split('\nRequire stack:', 1)[0] ?? '';
  const message = `${file}${at}: ${kind}${first}${moduleHint(error, file)}`;
  const details = place === null ? { file: absolute } : { file: absolute, line: place.line };
  return new PromvisorError('CONFIG_UNREADABLE', message, { details, cause: error });
}

/** An ES module that Node takes for CommonJS, as a package.json above says `"type": "commonjs"`. */
function moduleHint(error: unknown, file: string): string {
  const isMistaken =
    error instanceof SyntaxError && /^(?:Unexpected token 'export'|Cannot use import)/.test(error.message);
  const ending = /\.([jt]s)$/.exec(file)?.[1];
  if (!isMistaken || ending === undefined) return '';
  const name = `${path.basename(file, `.${ending}`)}.m${ending}`;
  return `; a package.json above says that it is CommonJS: call it ${name}, or write module.exports`;
}

/**
 * The first place in the stack that is in the file: as a path or as a URL, followed by a colon and the line.
 * Node names the file that a symbolic link leads to.
 */
function placeIn(stack: string, absolute: string): { readonly line: number } | null {
  const real = realpathSync(absolute);
  for (const name of [absolute, pathToFileURL(absolute).href, real, pathToFileURL(real).href]) {
    const at = stack.indexOf(`${name}:`);
    const line = at === -1 ? undefined : /^\d+/.exec(stack.slice(at + name.length + 1))?.[0];
    if (line !== undefined) return { line: Number(line) };
  }
  return null;
}

/** Node keeps the line of a syntax error in an ES module to itself, unless it is asked to check the file. */
function syntaxPlace(absolute: string): Promise<{ readonly line: number } | null> {
  const options = { cwd: path.dirname(absolute), timeout: LONGEST_CHECK_MS };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', absolute], options, (_error, _stdout, stderr) => {
      resolve(placeIn(stderr, absolute));
    });
  });
}
