import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Home } from '../../src/base/paths.ts';
import type { CheckedFile } from '../../src/cli/render/check.ts';
import { privateHome } from '../support/fake-daemon.ts';
import { runCli, workFolder } from '../support/in-process-cli.ts';

function homeWith(files: Readonly<Record<string, string>>): Home {
  const home = privateHome();
  for (const [name, text] of Object.entries({ 'app.js': '', ...files }))
    writeFileSync(path.join(workFolder(home), name), text);
  return home;
}

/** Paths of config files are relative to the folder of the process: tests give them whole. */
async function check(files: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const home = homeWith(files);
  const operands = Object.keys(files).map((name) => path.join(workFolder(home), name));
  const run = await runCli(home, ['check', ...operands, ...flags]);
  return { ...run, home };
}

async function found(files: Readonly<Record<string, string>>): Promise<readonly CheckedFile[]> {
  return (JSON.parse((await check(files, '--json')).out) as { files: CheckedFile[] }).files;
}

describe('check', () => {
  test('a file that start would take: 0, its apps in words, and no daemon', async () => {
    const { code, out, home } = await check({
      'a.json': '{ apps: [{ script: "./app.js", name: "web", instances: 3, interpreter: "/bin/node" }] }',
    });
    expect({ code, out: out.replace(workFolder(home), 'HERE') }).toEqual({
      code: 0,
      out: '✓ a.json: 1 app\n  web: cluster x 3, /bin/node HERE/app.js\n',
    });
    expect(existsSync(home.socket)).toBe(false);
  });

  test('each mistake of each app with file, app, key, value and what was expected: 1', async () => {
    const [file] = await found({
      'a.json': '{ apps: [{ script: "./app.js", instances: "two", max_size: -1 }, { name: "b", script: "./no.js" }] }',
    });
    expect(file?.findings.filter(({ level }) => level === 'error')).toMatchObject([
      { file: 'a.json', app: 'app', key: 'instances', value: '"two"', expected: 'a whole number or "max"' },
      { file: 'a.json', app: 'app', key: 'max_size', value: '-1' },
      { file: 'a.json', app: 'b', key: 'script', value: '"./no.js"', expected: 'a file or a program in PATH' },
    ]);
    expect(file?.apps).toEqual([]);
  });

  test.each([
    ['a.json', '{ apps: [', { line: 1, column: 10 }],
    ['a.yml', 'apps:\n  - {', { line: 2 }],
  ])('%s that cannot be read: 1, with its place', async (name, text, place) => {
    const { code, out } = await check({ [name]: text }, '--json');
    const { files } = JSON.parse(out) as { files: CheckedFile[] };
    expect(code).toBe(1);
    expect(files[0]?.findings).toMatchObject([{ level: 'error', file: name, ...place }]);
  });

  test('what is no config file: 1', async () => {
    const { code, out } = await runCli(homeWith({}), ['check', 'app.js', 'none.json']);
    expect(code).toBe(1);
    expect(out).toContain('app.js: expected a config file');
    expect(out).toContain('none.json: expected a config file');
  });

  test('unknown keys warn, keys without effect are noted with the reason: 0', async () => {
    const app = '{ script: "./app.js", instanses: 2, vizion: true, pmx: false, post_update: ["npm i"] }';
    const { code, out } = await check({ 'a.json': `{ apps: [${app}], deploy: { production: {} } }` });
    expect(code).toBe(0);
    expect(out).toContain('! unknown key "instanses" is ignored, did you mean "instances"?');
    expect(out).toContain('· vizion has no effect: ');
    expect(out).toContain('· post_update has no effect: ');
    expect(out).toContain('· deploy: ');
    expect(out).not.toContain('pmx');
  });

  test('ports that apps cannot share, and a program that is not there', async () => {
    const [file] = await found({
      'a.json': `[
        { name: "a", script: "./app.js", env: { PORT: 80 } },
        { name: "b", script: "./app.js", env: { PORT: 80 } },
        { name: "c", script: "./app.js", port: 81, instances: 2, exec_mode: "fork" },
        { name: "d", script: "./app.js", port: 82, instances: 2, exec_mode: "fork", increment_var: "PORT" },
        { name: "e", script: "./app.js", interpreter: "no-such-program" },
      ]`,
    });
    expect(file?.findings.filter(({ key }) => key === 'env.PORT').map(({ app }) => app)).toEqual(['b', 'c']);
    expect(file?.findings).toContainEqual(expect.objectContaining({ level: 'warning', app: 'e', key: 'interpreter' }));
  });

  test('deploy alone is refused with what to do instead', async () => {
    const { code, out } = await check({ 'a.json': '{ deploy: { production: { user: "u" } } }' });
    expect(code).toBe(1);
    expect(out).toContain('run "promvisor reload FILE" there');
  });

  test('values of variables are not shown', async () => {
    const { code, out } = await check({ 'a.json': '[{ script: "./app.js", env: "PASSWORD=hunter2" }]' }, '--json');
    expect(code).toBe(1);
    expect(out).not.toContain('hunter2');
  });
});
