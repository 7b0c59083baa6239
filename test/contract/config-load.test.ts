import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfigFile, parseConfigText } from '../../src/config/load.ts';
import { resolveApps } from '../../src/config/resolve.ts';
import { commandIn, errorOf, folder } from '../support/config.ts';

const APPS = { apps: [{ name: 'web', script: 'app.js', env: { A: 'x' } }] };

describe('kinds of files', () => {
  test.each([
    ['process.json', JSON.stringify(APPS)],
    ['relaxed.json', "// apps\n{ apps: [ { name: 'web', script: \"app.js\", env: { A: 'x', }, }, ], /* end */ }"],
    ['ecosystem.config.yml', 'apps:\n  - name: web\n    script: app.js\n    env:\n      A: x\n'],
    ['merge.yaml', 'base: &base\n  script: app.js\n  env: { A: x }\napps:\n  - <<: *base\n    name: web\n'],
  ])('%s', async (name, content) => {
    const cwd = folder({ [name]: content, 'app.js': '' });
    const { apps } = await resolveApps(await loadConfigFile(path.join(cwd, name)), commandIn(cwd));
    expect(apps).toMatchObject([{ name: 'web', process: { script: path.join(cwd, 'app.js') } }]);
    expect(apps[0]?.process.env['A']).toBe('x');
  });
});

describe('what cannot be read says where', () => {
  test.each([
    ['broken.json', '{\n  "apps": [\n    { "name": "x" "script": 1 }\n', ':3:19: expected "," or "}", got "\\""'],
    ['open.json', '{ "apps": [', ':1:12: expected a value, got the end of the file'],
    ['code.json', '{ apps: require("x") }', ':1:9: expected a value, got "require"'],
    ['two.json', '{} {}', ':1:4: expected the end of the file, got "{"'],
    ['open-text.json', '{ a: "x\n" }', ':1:8: expected a closing "'],
    ['deep.json', '['.repeat(100_000), 'deep in each other'],
    ['broken.yml', 'apps:\n  - name: "x\n  y: [\n', 'broken.yml:'],
    ['twice.yml', 'a: 1\na: 2\n', ':2:1: '],
    ['bomb.yml', bomb(), 'alias'],
  ])('%s', async (name, content, words) => {
    const error = await errorOf(loadConfigFile(path.join(folder({ [name]: content }), name)));
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.message).toContain(name);
    expect(error.message).toContain(words);
  });

  test('a file that is not there, a directory, a pipe', async () => {
    const cwd = folder();
    mkdirSync(path.join(cwd, 'dir.json'));
    execFileSync('mkfifo', [path.join(cwd, 'pipe.json')]);
    const missing = await errorOf(loadConfigFile(path.join(cwd, 'none.config.cjs')));
    expect([missing.code, missing.message.includes('none.config.cjs')]).toEqual(['CONFIG_NOT_FOUND', true]);
    expect((await errorOf(loadConfigFile(path.join(cwd, 'dir.json')))).message).toContain('got a directory');
    expect((await errorOf(loadConfigFile(path.join(cwd, 'pipe.json')))).message).toContain('got a device or pipe');
  });

  test('standard input is called by the name it is given', () => {
    expect(() => parseConfigText('{ apps: ', 'stdin')).toThrow('stdin:1:9: expected a value');
  });
});

describe('JSON written by hand', () => {
  test('whatever JSON.stringify writes is read as JSON.parse reads it', () => {
    const law = fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(parseConfigText(text, 'x')).toEqual(JSON.parse(text));
    });
    fc.assert(law, { numRuns: 500 });
  });

  test.each([
    ["'it\\'s'", "it's"],
    ['"a\\\nb"', 'ab'],
    ['"\\x41\\u{1F600}\\u00e9\\t"', 'A\u{1F600}é\t'],
    ['[0x1F, -0x10, +1, .5, 5., -1e3]', [31, -16, 1, 0.5, 5, -1000]],
    ['{ $a_1: 1, ünï: 2, 3: 4, "x-y": undefined }', { $a_1: 1, ünï: 2, 3: 4, 'x-y': undefined }],
    ['\uFEFF// first\n[ /* a */ 1, ] // last', [1]],
    ['{ "__proto__": { "apps": 1 } }', JSON.parse('{ "__proto__": { "apps": 1 } }')],
  ])('%s', (text, value) => expect(parseConfigText(text, 'x')).toEqual(value));

  test('any text is read or refused with its place, and never evaluated', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      "'",
      '\\',
      '//',
      '/*',
      '\n',
      'apps',
      '1',
      'process.exit()',
    );
    const law = fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          parseConfigText(text, 'x.json');
        } catch (error) {
          expect(error).toMatchObject({
            code: 'CONFIG_UNREADABLE',
            message: expect.stringMatching(/^x\.json:\d+:\d+: expected/),
          });
        }
      },
    );
    fc.assert(law, { numRuns: 2000 });
  });
});

/** Each list is made of ten of the one before: ten thousand million in the end. */
function bomb(): string {
  const lists = Array.from(
    { length: 10 },
    (_, at) => `l${at + 1}: &l${at + 1} [${Array(10).fill(`*l${at}`).join(', ')}]`,
  );
  return ['l0: &l0 x', ...lists].join('\n');
}
