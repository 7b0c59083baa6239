import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { circles, type SourceFile, sourceFiles } from '../support/source-tree.ts';

const files = sourceFiles();

/** Who may import whom (docs/architecture.md): floors point downwards only. Each may import its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  base: [],
  config: ['base', 'core'],
  os: ['base', 'core'],
  logs: ['base', 'core'],
  metrics: ['base', 'core', 'os'],
  api: ['base', 'core', 'config'],
  web: ['base', 'core', 'api'],
  cli: ['base', 'core', 'config', 'api', 'logs'],
  daemon: ['base', 'core', 'config', 'os', 'logs', 'metrics', 'api', 'web'],
  // What apps import from the package.
  app: ['base'],
  // The static server is an app too.
  serve: [],
  // They run inside or beside the user's app and carry nothing along.
  agent: ['base'],
  host: ['base'],
};
const LONGEST_FILE = 300;
const MAY_IMPORT_ZOD = [
  'config/schema.ts',
  'config/attribute-types.ts',
  'config/json-schema.ts',
  'config/wire.ts',
  'config/wire-talk.ts',
  'config/settings-schema.ts',
  'config/loki-schema.ts',
];

const isOwn = (name: string) => name.endsWith('.ts') && !name.startsWith('node:');

function offences(check: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => check(file).map((what) => `${file.name}: ${what}`));
}

describe('the source tree', () => {
  test('every file lives in an area of the import table', () => {
    expect(offences(({ area }) => (area in MAY_IMPORT ? [] : [`"${area}" is no area`]))).toEqual([]);
  });

  test('imports point downwards only', () => {
    const upward = offences(({ area, imports }) =>
      imports.filter(isOwn).filter((name) => ![area, ...(MAY_IMPORT[area] ?? [])].includes(name.split('/')[0] ?? '')),
    );
    expect(upward).toEqual([]);
  });

  test('imports make no circle', () => {
    expect(circles(files)).toEqual([]);
    const file = (name: string, ...imports: string[]) => ({ name, area: 'core', lines: 1, text: '', imports });
    expect(circles([file('a', 'b'), file('b', 'c'), file('c', 'b')])).toEqual(['b -> c -> b']);
  });

  test('core is pure: no module of Node, no package, no clock, no chance', () => {
    const core = (file: SourceFile) => file.area === 'core';
    expect(offences((file) => (core(file) ? file.imports.filter((name) => !isOwn(name)) : []))).toEqual([]);
    const impure = /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.|process\.|setTimeout|setInterval|throw )/g;
    expect(offences((file) => (core(file) ? [...file.text.matchAll(impure)].map(([word]) => word) : []))).toEqual([]);
  });

  test('modules of Node are imported by their node: name', () => {
    const bare = new Set(builtinModules.filter((name) => !name.startsWith('node:')));
    expect(offences(({ imports }) => imports.filter((name) => bare.has(name)))).toEqual([]);
  });

  test('zod stays behind the edge', () => {
    const users = files.filter(({ imports }) => imports.includes('zod')).map(({ name }) => name);
    expect(users.filter((name) => !MAY_IMPORT_ZOD.includes(name))).toEqual([]);
  });

  test('agent, app and host bring no package into the user’s app', () => {
    const guests = ({ area, imports }: SourceFile) =>
      ['agent', 'app', 'host'].includes(area)
        ? imports.filter((name) => !isOwn(name) && !name.startsWith('node:'))
        : [];
    expect(offences(guests)).toEqual([]);
  });

  test(`no file is longer than ${LONGEST_FILE} lines`, () => {
    expect(offences(({ lines }) => (lines > LONGEST_FILE ? [`${lines} lines`] : []))).toEqual([]);
  });

  test('no file only passes on what other files export', () => {
    const barrel = ({ text }: SourceFile) => {
      const statements = text
        .split(';')
        .map((part) => part.trim())
        .filter((part) => part !== '');
      return statements.length > 0 && statements.every((part) => /^export\b[\s\S]*\bfrom\b/.test(part))
        ? ['a barrel']
        : [];
    };
    expect(offences(barrel)).toEqual([]);
  });
});

test('docs/errors.md has a heading for each error code, in the order of the table, and no other', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  expect(headings).toEqual(Object.keys(ERROR_CODES));
});

test('docs/errors.md gives the exit code of each error code', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^## (.+)\n+Exit code (\d+)\./gm)].map(([, title, code]) => [title, Number(code)]);
  expect(Object.fromEntries(told)).toEqual(ERROR_CODES);
});
