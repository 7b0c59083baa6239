/**
 * Makes dist/bin: types are checked and stripped by tsc, then esbuild bundles each program into one CommonJS file,
 * which Node loads in the least time. What is big and seldom needed is a file of its own
 * beside them, read at the first import of it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const JS = path.join(ROOT, 'dist/js');
const BIN = path.join(ROOT, 'dist/bin');
const APP = path.join(ROOT, 'dist/app');
/** Everything is made here first: a program that runs meanwhile never sees half a build. */
const FRESH = path.join(ROOT, `dist/.bin-${process.pid}`);
const OLD = `${FRESH}-old`;
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

/** Loaded where first needed: see the `await import()` of each. */
const LAZY_PACKAGES = /^(yaml|croner|chokidar|picomatch|undici)$/;
/**
 * Modules of ours that are bundled alone, by their path in dist/js. No error or other object passes between such a
 * bundle and the program, as each has classes of its own.
 * - cli/run: start, stop and the like, without what is run once on a host
 * - cli/run-all: every command
 * - cli/run-logs: `logs` alone, as people look into big logs in a hurry
 * - logs/ship/start: what only a daemon that ships logs needs
 * - config/schema: zod, which most commands do without; what it does not use of zod is shaken off
 */
const LAZY_MODULES = new Map([
  [path.join(JS, 'cli/run.js'), 'run.cjs'],
  [path.join(JS, 'cli/run-all.js'), 'run-all.cjs'],
  [path.join(JS, 'cli/run-logs.js'), 'logs.cjs'],
  [path.join(JS, 'config/schema.js'), 'schema.cjs'],
  [path.join(JS, 'logs/ship/start.js'), 'loki.cjs'],
]);

/** What pino-roll 4 takes from date-fns: its lib/utils.js. */
const DATE_FUNCTIONS = ['format', 'addDays', 'addHours', 'parse', 'isValid'];

const PROGRAMS = [
  { entry: 'cli/main.js', out: 'promvisor.cjs', executable: true },
  { entry: 'daemon/main.js', out: 'daemon.cjs', executable: false },
  { entry: 'host/main.js', out: 'host.cjs', executable: false },
  { entry: 'serve/main.js', out: 'serve.cjs', executable: false },
  // Preloaded by the apps: in a small one three kilobytes more make V8 collect garbage once, for 16 ms of CPU.
  { entry: 'agent/main.js', out: 'agent.cjs', executable: false, options: { minifyIdentifiers: true } },
  { entry: 'agent/channel.js', out: 'channel.cjs', executable: false, options: { minifyIdentifiers: true } },
  { entry: 'agent/telemetry.js', out: 'telemetry.cjs', executable: false, options: { minifyIdentifiers: true } },
];

function run(...argv) {
  const { status } = spawnSync(process.execPath, argv, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** Bundles beside the programs: file name -> what goes in. */
const lazy = new Map();
const lazyPlugin = {
  name: 'lazy',
  setup(hooks) {
    const stub = (name, entry) => {
      lazy.set(name, entry);
      return { path: name, namespace: 'lazy' };
    };
    hooks.onResolve({ filter: LAZY_PACKAGES }, ({ path: name, importer }) => {
      // The package's own bundle takes it in.
      if (importer === '<stdin>') return null;
      return stub(`${name}.cjs`, { stdin: { contents: `export * from '${name}';`, resolveDir: ROOT } });
    });
    hooks.onResolve({ filter: /^\.{1,2}\// }, ({ path: name, resolveDir, namespace }) => {
      if (namespace === 'lazy') return { path: name, external: true };
      const file = path.resolve(resolveDir, name);
      const bundle = LAZY_MODULES.get(file);
      return bundle === undefined ? null : stub(bundle, { entryPoints: [file] });
    });
    // pino-roll asks for the whole of date-fns and uses five functions of it: a quarter of the daemon's code.
    hooks.onResolve({ filter: /^date-fns$/ }, () => ({ path: 'date-fns', namespace: 'few' }));
    hooks.onLoad({ filter: /./, namespace: 'few' }, () => {
      const contents = DATE_FUNCTIONS.map((name) => `exports.${name} = require('date-fns/${name}').${name};`).join('');
      return { contents, resolveDir: path.join(ROOT, 'node_modules/pino-roll') };
    });
    // Required, not imported: the loader of ES modules need not start for it.
    hooks.onLoad({ filter: /./, namespace: 'lazy' }, ({ path: name }) => {
      return { contents: `module.exports = require('./${name}');` };
    });
  },
};

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Not utf8: one character beyond Latin-1 makes V8 keep the whole source in two bytes a character.
  charset: 'ascii',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
  define: { __PROMVISOR_VERSION__: JSON.stringify(version), 'import.meta.dirname': '__dirname' },
  plugins: [lazyPlugin],
};

async function bundleAll() {
  for (const { entry, out, executable, options = {} } of PROGRAMS) {
    const outfile = path.join(FRESH, out);
    const banner = executable ? { banner: { js: '#!/usr/bin/env node' } } : {};
    await build({ ...common, ...options, entryPoints: [path.join(JS, entry)], outfile, ...banner });
    if (executable) chmodSync(outfile, 0o755);
  }
  // A lazy bundle may need others: they are added behind it while the loop goes on.
  for (const [name, entry] of lazy) await build({ ...common, ...entry, outfile: path.join(FRESH, name) });
}

/** What apps import, for both kinds of modules; its types need nothing else. */
async function bundleApp() {
  const entryPoints = [path.join(JS, 'app/metrics.js')];
  const types = path.join(JS, 'app/metrics.d.ts');
  for (const [format, ending] of [
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ]) {
    await build({ ...common, format, entryPoints, outfile: path.join(APP, `metrics.${ending}`) });
    cpSync(types, path.join(APP, `metrics.d.${ending.replace('js', 'ts')}`));
  }
}

run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
mkdirSync(FRESH, { recursive: true });
try {
  await bundleAll();
  await bundleApp();
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
if (process.exitCode !== 1) run('build/schema.mjs');
if (process.exitCode !== 1) run('build/man.mjs');
