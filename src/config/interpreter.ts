import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import { inPath } from './script.ts';

const BY_EXTENSION: Readonly<Record<string, string>> = {
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.sh': 'bash',
  '.py': 'python3',
  '.rb': 'ruby',
  '.php': 'php',
  '.pl': 'perl',
  '.coffee': 'coffee',
  '.ls': 'lsc',
};
const TYPESCRIPT = new Set(['.ts', '.tsx', '.mts', '.cts']);
/** Enough for a `#!` line, and for the zero bytes that every binary begins with. */
const HEAD_BYTES = 512;

/**
 * Chooses the program for a script: by its extension, else by how the file begins.
 * @param script absolute path of a file
 * @param searchPath PATH of the app
 * @returns a name for PATH, or `none` when the kernel runs the file itself
 */
export function interpreterFor(script: string, searchPath: string): string {
  const extension = path.extname(script).toLowerCase();
  const known = BY_EXTENSION[extension];
  if (known !== undefined) return known;
  // PM2 runs TypeScript with bun; where that is not installed, newer versions of Node strip the types themselves.
  if (TYPESCRIPT.has(extension)) return inPath('bun', searchPath) === null ? 'node' : 'bun';
  const head = headOf(script);
  if (head?.startsWith('#!')) return /\bnode(js)?\b/.test(head.split('\n', 1)[0] ?? '') ? 'node' : 'none';
  return head?.includes('\0') === false ? 'node' : 'none';
}

/** How a file begins, or null when it may be run and not read. */
function headOf(file: string): string | null {
  try {
    const fd = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(HEAD_BYTES);
      return bytes.toString('latin1', 0, readSync(fd, bytes, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

/**
 * Tells whether node:cluster can run in it.
 * @param interpreter name or path
 * @returns true for Node
 */
export function isNode(interpreter: string): boolean {
  const name = path.basename(interpreter);
  return name === 'node' || name === 'nodejs';
}

/**
 * Reads PM2's `node@VERSION`.
 * @param interpreter as written
 * @returns the version for nvm, or null for any other interpreter
 */
export function nvmVersion(interpreter: string): string | null {
  return /^node@v?(\d+(?:\.\d+){0,2})$/.exec(interpreter)?.[1] ?? null;
}

/**
 * Finds a Node that nvm installed.
 * @param version whole or its first parts: `20`, `20.19`
 * @param env with NVM_DIR or HOME
 * @returns path of the newest one that fits, or null
 */
export function nvmNode(version: string, env: NodeJS.ProcessEnv): string | null {
  const nvm = env['NVM_DIR'] ?? path.join(env['HOME'] ?? '/', '.nvm');
  const directory = path.resolve(nvm, 'versions', 'node');
  let installed: string[];
  try {
    installed = readdirSync(directory);
  } catch {
    return null;
  }
  const fitting = installed.filter((name) => `${name}.`.startsWith(`v${version}.`));
  fitting.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return fitting[0] === undefined ? null : path.join(directory, fitting[0], 'bin', 'node');
}
