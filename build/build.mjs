/**
 * Makes dist/bin: types are checked and stripped by tsc, then esbuild bundles each program into one CommonJS file,
 * which Node loads in the least time. What is big and seldom needed is a file of its own
 * beside them, read at the first import of it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
 * - cli/as-pm2/run: what looks under the name of PM2; what changes something, and `logs`, alone, as they are large
 * - logs/ship/start: what only a daemon that ships logs needs
 * - daemon/pm2/api: PM2's sockets, for a daemon that is to be found in PM2's place
 * - config/schema: zod, which most commands do without; what it does not use of zod is shaken off
 */
const LAZY_MODULES = new Map([
  [path.join(JS, 'cli/run.js'), 'run.cjs'],
  [path.join(JS, 'cli/run-all.js'), 'run-all.cjs'],
  [path.join(JS, 'cli/run-logs.js'), 'logs.cjs'],
  [path.join(JS, 'cli/as-pm2/run.js'), 'pm2.cjs'],
  [path.join(JS, 'cli/as-pm2/changes.js'), 'pm2-changes.cjs'],
  [path.join(JS, 'cli/as-pm2/logs.js'), 'pm2-logs.cjs'],
  [path.join(JS, 'config/schema.js'), 'schema.cjs'],
  [path.join(JS, 'logs/ship/start.js'), 'loki.cjs'],
  [path.join(JS, 'daemon/pm2/api.js'), 'pm2-api.cjs'],
]);

/** What pino-roll 4 takes from date-fns: its lib/utils.js. */
const DATE_FUNCTIONS = ['format', 'addDays', 'addHours', 'parse', 'isValid'];
const PINO_ROLL = path.join(ROOT, 'node_modules/pino-roll');

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

/** @param names functions of date-fns, each of which is a module there */
function reExports(names) {
  return names.map((name) => `exports.${name} = require('date-fns/${name}').${name};`).join('');
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
      if (namespace === 'lazy' || namespace === 'few') return { path: name, external: true };
      const file = path.resolve(resolveDir, name);
      const bundle = LAZY_MODULES.get(file);
      return bundle === undefined ? null : stub(bundle, { entryPoints: [file] });
    });
    // pino-roll asks for the whole of date-fns, and calls it for names of files with a date only: ours have none.
    hooks.onResolve({ filter: /^date-fns$/ }, () => {
      lazy.set('date-fns.cjs', { stdin: { contents: reExports(DATE_FUNCTIONS), resolveDir: PINO_ROLL } });
      return { path: 'date-fns', namespace: 'few' };
    });
    hooks.onLoad({ filter: /./, namespace: 'few' }, () => {
      const call = (name) => `exports.${name} = (...args) => require('./date-fns.cjs').${name}(...args);`;
      return { contents: DATE_FUNCTIONS.map(call).join('') };
    });
    // pino makes one for a transport: we have none, and its worker would be looked for beside a file that is in no bundle.
    hooks.onResolve({ filter: /^thread-stream$/ }, () => ({ path: 'thread-stream', namespace: 'none' }));
    hooks.onLoad({ filter: /./, namespace: 'none' }, ({ path: name }) => {
      return {
        contents: `module.exports = class { constructor() { throw new Error('${name}: not in this bundle'); } };`,
      };
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
  for (const { format, ending } of MODULE_KINDS) {
    await build({ ...common, format, entryPoints, outfile: path.join(APP, `metrics.${ending}`) });
    copyTypes('app/metrics.d.ts', 'metrics', ending);
  }
}

const MODULE_KINDS = [
  { format: 'esm', ending: 'mjs' },
  { format: 'cjs', ending: 'cjs' },
];

/**
 * What programs import to talk to the daemon. There is one copy of it, CommonJS, so that an error is of one class
 * however it was imported; packages stay where npm has put them.
 */
async function bundleClient() {
  const entryPoints = [path.join(JS, 'client/promvisor.js')];
  // Not minified: where an error comes up, Node prints the line.
  const options = { ...common, plugins: [], packages: 'external', minifyWhitespace: false, minifySyntax: false };
  await build({ ...options, entryPoints, outfile: path.join(APP, 'promvisor.cjs') });
  const wrapper = "import promvisor from './promvisor.cjs';\nexport const { connect, PromvisorError } = promvisor;\n";
  writeFileSync(path.join(APP, 'promvisor.mjs'), wrapper);
  for (const { ending } of MODULE_KINDS) {
    copyTypes('client/promvisor.d.ts', 'promvisor', ending);
    copyTypes('client/types.d.ts', 'types', ending);
    copyTypes('base/errors.d.ts', 'errors', ending);
  }
}

/** Types lie side by side there, and import each other by the ending of their kind. */
function copyTypes(from, name, ending) {
  const text = readFileSync(path.join(JS, from), 'utf8');
  const flat = text.replace(/(from ')(?:\.{1,2}\/)(?:\w+\/)?(\w+)\.[jt]s'/g, `$1./$2.${ending}'`);
  writeFileSync(path.join(APP, `${name}.d.${ending.replace('js', 'ts')}`), flat);
}

run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
mkdirSync(FRESH, { recursive: true });
try {
  await bundleAll();
  await bundleApp();
  await bundleClient();
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
