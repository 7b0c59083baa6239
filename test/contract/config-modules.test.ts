import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folder } from '../support/config.ts';
import { bundleLoader, type Loaded, loadInNode } from '../support/load-in-node.ts';

const APPS = { apps: [{ name: 'web', script: 'app.js' }] };
const TEXT = JSON.stringify(APPS);

let directory: string;
let loader: string;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'pmv-loader-'));
  loader = await bundleLoader(directory);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function load(file: string): Promise<Loaded> {
  const [loaded] = await loadInNode(loader, [file]);
  if (loaded === undefined) throw new Error('expected one result, got none');
  return loaded;
}

describe('files are loaded by the bundled product', () => {
  test.each([
    ['ecosystem.config.cjs', `module.exports = ${TEXT};`],
    ['ecosystem.config.js', `module.exports = ${TEXT};`],
    ['ecosystem.config.mjs', `export default ${TEXT};`],
    ['detected.config.js', `export default ${TEXT};`],
    ['named.config.mjs', `export const apps = ${JSON.stringify(APPS.apps)};`],
    ['later.config.mjs', `export default Promise.resolve(${TEXT});`],
    ['waits.config.mjs', `const apps = await Promise.resolve(${TEXT});\nexport default apps;`],
    ['compiled.config.cjs', `exports.__esModule = true; exports.default = ${TEXT};`],
    ['with space & # %.config.cjs', `module.exports = ${TEXT};`],
    [
      'requires.config.cjs',
      `module.exports = { apps: [{ name: 'web', script: require('node:path').join('app.js') }] };`,
    ],
  ])('%s', async (name, content) => {
    expect(await load(path.join(folder({ [name]: content }), name))).toEqual({ value: APPS });
  });

  test('a .js file of a package of type module is ESM', async () => {
    const cwd = folder({ 'package.json': '{"type":"module"}', 'a.config.js': `export default ${TEXT};` });
    expect(await load(path.join(cwd, 'a.config.js'))).toEqual({ value: APPS });
  });

  test('TypeScript is loaded where Node strips types, else refused by name', async () => {
    const cwd = folder({ 'a.config.ts': `const value: object = ${TEXT};\nexport default value;` });
    const loaded = await load(path.join(cwd, 'a.config.ts'));
    const strips = typeof Reflect.get(process.features, 'typescript') === 'string';
    const version = process.versions.node;
    const message = `a.config.ts: expected Node 22.18 or newer for a configuration in TypeScript, got Node ${version}`;
    const refused = { code: 'NOT_SUPPORTED', message: path.join(cwd, message), line: null };
    expect(loaded).toEqual(strips ? { value: APPS } : refused);
  });
});

describe('a module that cannot be loaded says where', () => {
  test.each([
    ['syntax.config.cjs', 'module.exports = {\n  apps: [\n    { name: "x" script: 1 }\n  ]\n};\n', 3, 'SyntaxError: '],
    ['syntax.config.mjs', 'export default {\n  apps: [ { a b } ]\n};\n', 2, 'SyntaxError: '],
    ['throws.config.cjs', '\n\nconst none = undefined;\nmodule.exports = none.apps;\n', 4, 'TypeError: '],
    ['throws.config.mjs', '\nthrow new RangeError("too far");\n', 2, 'RangeError: too far'],
    ['needs.config.cjs', "\nrequire('./not-there');\n", 2, "Cannot find module './not-there'"],
    ['needs.config.mjs', "import './not-there.mjs';\n", null, 'Cannot find module'],
    ['text.config.cjs', "throw 'no reason';\n", null, 'no reason'],
    ['nothing.config.cjs', 'throw null;\n', null, 'null'],
    ['rejects.config.mjs', 'export default Promise.reject(new Error("later"));\n', 1, 'later'],
  ])('%s', async (name, content, line, words) => {
    const file = path.join(folder({ [name]: content }), name);
    const loaded = await load(file);
    expect(loaded).toMatchObject({ code: 'CONFIG_UNREADABLE', line });
    const at = line === null ? '' : `:${line}`;
    expect(loaded).toMatchObject({ message: expect.stringContaining(`${file}${at}: ${words}`) });
  });

  test('ESM that a package makes CommonJS: with the name that would do', async () => {
    const cwd = folder({ 'package.json': '{ "type": "commonjs" }', 'a.config.js': 'export default {};\n' });
    expect(await load(path.join(cwd, 'a.config.js'))).toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('says that it is CommonJS: call it a.config.mjs, or write module.exports'),
    });
  });

  test('through a symbolic link too', async () => {
    const cwd = folder({ 'real/a.config.cjs': '\nmodule.exports = }\n' });
    symlinkSync(path.join(cwd, 'real'), path.join(cwd, 'link'));
    const file = path.join(cwd, 'link/a.config.cjs');
    expect(await load(file)).toMatchObject({ line: 2, message: expect.stringContaining(`${file}:2: SyntaxError`) });
  });
});
