import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, messageOf, PromvisorError } from '../base/errors.ts';
import { importConfig } from './import-config.ts';
import { parseRelaxedJson } from './relaxed-json.ts';

/** Far above any configuration written by hand or by a program. */
const LARGEST_BYTES = 8 * 1024 * 1024;

const DATA = /\.(?:json|json5|jsonc|ya?ml)$/i;

/**
 * Loads a configuration. Modules are run, as they are programs; JSON and YAML are only read.
 * @param file path, relative to the working directory or absolute
 * @returns what it holds, unchecked: for `resolveApps`
 * @throws PromvisorError CONFIG_NOT_FOUND; CONFIG_UNREADABLE with line and column where they are known;
 *   NOT_SUPPORTED for TypeScript where this Node does not strip types
 */
export async function loadConfigFile(file: string): Promise<unknown> {
  const absolute = path.resolve(file);
  const size = sizeOf(file, absolute);
  if (!DATA.test(absolute)) return importConfig(file, absolute);
  if (size > LARGEST_BYTES) {
    throw unreadable(file, `expected at most ${LARGEST_BYTES} bytes, got ${size}`);
  }
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (error) {
    throw unreadable(file, `the file cannot be read: ${messageOf(error)}`, error);
  }
  if (!/\.ya?ml$/i.test(absolute)) return parseConfigText(text, file);
  // The package is large and few files are YAML.
  const { parseYaml } = await import('./yaml.ts');
  return parseYaml(text, file);
}

/**
 * Reads a configuration that comes as text, as for `start -`.
 * @param text JSON, with comments and the like; nothing is evaluated
 * @param source how errors call it, for example `standard input`
 * @returns what it holds, unchecked: for `resolveApps`
 * @throws PromvisorError CONFIG_UNREADABLE with line and column
 */
export function parseConfigText(text: string, source: string): unknown {
  return parseRelaxedJson(text, source);
}

/** A pipe or a device would be waited for without end: only files are read. */
function sizeOf(file: string, absolute: string): number {
  try {
    const stat = statSync(absolute);
    if (!stat.isFile())
      throw unreadable(file, `expected a file, got ${stat.isDirectory() ? 'a directory' : 'a device or pipe'}`);
    return stat.size;
  } catch (error) {
    if (error instanceof PromvisorError) throw error;
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw unreadable(file, `the file cannot be read: ${messageOf(error)}`, error);
    const message = `${file}: expected a configuration file, found none at ${absolute}`;
    throw new PromvisorError('CONFIG_NOT_FOUND', message, { details: { file: absolute }, cause: error });
  }
}

function unreadable(file: string, message: string, cause?: unknown): PromvisorError {
  return new PromvisorError('CONFIG_UNREADABLE', `${file}: ${message}`, { details: { file }, cause });
}
