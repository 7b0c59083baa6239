/**
 * Makes dist/bin: types are checked and stripped by tsc, then esbuild bundles each program into one CommonJS file,
 * which Node loads in the least time. Big packages that few commands need are files of their own in
 * dist/bin/vendor, read at the first import of them.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const JS = path.join(ROOT, 'dist/js');
const BIN = path.join(ROOT, 'dist/bin');
/** Everything is made here first: a program that runs meanwhile never sees half a build. */
const FRESH = path.join(ROOT, `dist/.bin-${process.pid}`);
const OLD = `${FRESH}-old`;
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

/** Loaded where first needed: see the `await import()` of each. */
const VENDORED = /^(zod|yaml|croner|chokidar)(\/.*)?$/;

const PROGRAMS = [
  { entry: 'cli/main.js', out: 'promvisor.cjs', executable: true },
  { entry: 'daemon/main.js', out: 'daemon.cjs', executable: false },
  { entry: 'agent/main.js', out: 'agent.cjs', executable: false },
  { entry: 'host/main.js', out: 'host.cjs', executable: false },
];

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'utf8',
  legalComments: 'linked',
  logLevel: 'warning',
};

function run(...argv) {
  const { status } = spawnSync(process.execPath, argv, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

const vendored = new Set();
const vendorFile = (name) => `vendor/${name.replaceAll('/', '-')}.cjs`;
const vendorPlugin = {
  name: 'vendor',
  setup(hooks) {
    hooks.onResolve({ filter: VENDORED }, ({ path: name }) => {
      vendored.add(name);
      return { path: `./${vendorFile(name)}`, external: true };
    });
  },
};

async function bundlePrograms() {
  for (const { entry, out, executable } of PROGRAMS) {
    if (!existsSync(path.join(ROOT, 'src', entry.replace(/\.js$/, '.ts')))) {
      console.log(`build: no ${entry}: ${out} is left out`);
      continue;
    }
    const outfile = path.join(FRESH, out);
    await build({
      ...common,
      entryPoints: [path.join(JS, entry)],
      outfile,
      define: { __PROMVISOR_VERSION__: JSON.stringify(version), 'import.meta.dirname': '__dirname' },
      plugins: [vendorPlugin],
      ...(executable ? { banner: { js: '#!/usr/bin/env node' } } : {}),
    });
    if (executable) chmodSync(outfile, 0o755);
  }
}

async function bundleVendored() {
  for (const name of vendored) {
    await build({
      ...common,
      stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: ROOT },
      outfile: path.join(FRESH, vendorFile(name)),
      minifyWhitespace: true,
      minifySyntax: true,
    });
  }
}

run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
mkdirSync(FRESH, { recursive: true });
try {
  await bundlePrograms();
  await bundleVendored();
  // The page's parts are read where the bundle is: see src/web/page.ts.
  cpSync(path.join(ROOT, 'src/web/assets'), path.join(FRESH, 'assets'), { recursive: true });
  if (existsSync(BIN)) renameSync(BIN, OLD);
  renameSync(FRESH, BIN);
} catch (error) {
  // esbuild has printed what is wrong.
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(FRESH, { recursive: true, force: true });
  rmSync(OLD, { recursive: true, force: true });
}
if (process.exitCode !== 1 && existsSync(path.join(ROOT, 'build/schema.mjs'))) run('build/schema.mjs');
