import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

export interface SourceFile {
  /** Path below src, with forward slashes: `core/machine.ts`. */
  readonly name: string;
  /** First part of the path: the floor it lives on. */
  readonly area: string;
  readonly lines: number;
  readonly text: string;
  readonly imports: readonly string[];
}

/** A word that pulls in a module, and the module: static, side effect, re-export, import(), require, import type. */
const IMPORT = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([^'"]+)['"]/g;

/**
 * Reads every source file of the product.
 * @returns the files, with what they import: `node:` names and packages as written, own files as paths below src
 */
export function sourceFiles(): SourceFile[] {
  return readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name))
    .map((entry) =>
      readSource(path.relative(SOURCES, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/')),
    );
}

function readSource(name: string): SourceFile {
  const text = readFileSync(path.join(SOURCES, name), 'utf8');
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const imports = [...code.matchAll(IMPORT)].map(([, wanted = '']) => resolved(name, wanted));
  return { name, area: name.split('/')[0] ?? '', lines: text.trimEnd().split('\n').length, text: code, imports };
}

function resolved(from: string, wanted: string): string {
  return wanted.startsWith('.') ? path.posix.join(path.posix.dirname(from), wanted) : wanted;
}

/**
 * Looks for circles of imports.
 * @param files from sourceFiles
 * @returns each circle found, as the names on the way round
 */
export function circles(files: readonly SourceFile[]): string[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const at = trail.indexOf(name);
    if (at >= 0) found.push([...trail.slice(at), name].join(' -> '));
    if (at >= 0 || done.has(name)) return;
    for (const next of byName.get(name)?.imports ?? []) if (byName.has(next)) visit(next, [...trail, name]);
    done.add(name);
  };
  for (const { name } of files) visit(name, []);
  return found;
}
