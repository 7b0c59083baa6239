import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** What became of one file. */
export type Loaded =
  | { readonly value: unknown }
  | { readonly code: string; readonly message: string; readonly line: number | null };

/** Runs in Node itself: vitest would put its own loader under `import()`. */
const PROGRAM = `
import { loadConfigFile } from './src/config/load.ts';
async function main() {
  const results = [];
  for (const file of process.argv.slice(2)) {
    results.push(await loadConfigFile(file).then(
      (value) => ({ value }),
      ({ code, message, details }) => ({ code: code ?? 'none', message, line: details?.line ?? null }),
    ));
  }
  process.stdout.write(JSON.stringify(results), () => process.exit(0));
}
main();
`;

/**
 * Bundles the loader as the product is bundled, into one CommonJS file.
 * @param directory where it is put
 * @returns path of the program
 */
export async function bundleLoader(directory: string): Promise<string> {
  const outfile = path.join(directory, 'loader.cjs');
  await build({
    absWorkingDir: ROOT,
    stdin: { contents: PROGRAM, resolveDir: ROOT },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile,
    logLevel: 'warning',
  });
  return outfile;
}

/**
 * Loads files with it, all in one process.
 * @param loader path of the program
 * @param files absolute paths
 * @returns what became of each
 */
export async function loadInNode(loader: string, files: readonly string[]): Promise<readonly Loaded[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [loader, ...files], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as readonly Loaded[]; // PROGRAM writes just that
}
