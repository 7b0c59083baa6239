import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const HERE = path.dirname(fileURLToPath(import.meta.url));

/**
 * Imports a module written in TypeScript, which Node 20 cannot.
 * @param {string} file path from this folder
 * @returns {Promise<Record<string, any>>} what the module exports
 */
export async function importTypeScript(file) {
  // Here, so that it finds the packages.
  const outfile = path.join(HERE, `.bundle-${process.pid}.mjs`);
  await build({
    entryPoints: [path.join(HERE, file)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(outfile, { force: true });
  }
}
