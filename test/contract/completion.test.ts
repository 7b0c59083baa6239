import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Home } from '../../src/base/paths.ts';
import { manPage, wholeProgram } from '../../src/cli/manual.ts';
import { fakeDaemon, privateHome } from '../support/fake-daemon.ts';
import { runCli } from '../support/in-process-cli.ts';
import { instanceView } from '../support/views.ts';

/** A name that does harm where it is expanded, and one that must be quoted. */
const NAMES = ['api', 'web $(touch pwned)'];

/** A folder with a promvisor that only knows names. */
function shellFolder(home: Home): string {
  const folder = path.join(home.root, 'shell');
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  const lines = NAMES.map((name) => `echo '${name}'`).join('\n');
  writeFileSync(path.join(folder, 'bin/promvisor'), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return folder;
}

async function script(home: Home, shell: string): Promise<string> {
  return (await runCli(home, ['completion', shell])).out;
}

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

describe('completion', () => {
  test('knows commands, flags and names of apps in bash', async () => {
    const home = privateHome();
    const folder = shellFolder(home);
    writeFileSync(path.join(folder, 'promvisor.bash'), await script(home, 'bash'));
    const complete = (...words: string[]) => {
      const test = `source ./promvisor.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _promvisor promvisor; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = { ...process.env, PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}` };
      const argv = ['--norc', '-c', test, 'bash', ...words];
      return execFileSync('bash', argv, { cwd: folder, env, encoding: 'utf8' }).trim().split('\n');
    };
    expect(complete('promvisor', 'resta')).toEqual(['restart']);
    expect(complete('promvisor', '--sil')).toEqual(['--silent']);
    expect(complete('promvisor', 'start', '--max-')).toEqual(['--max-size', '--max-memory-restart', '--max-restarts']);
    expect(complete('promvisor', '-s', 'log', '--gre')).toEqual(['--grep']);
    expect(complete('promvisor', 'restart', 'a')).toEqual(['api']);
    expect(complete('promvisor', 'stop', '')).toEqual(['api', 'web\\ \\$\\(touch\\ pwned\\)']);
    expect(complete('promvisor', 'start', 'promvisor.b')).toEqual(['promvisor.bash']);
    expect(execFileSync('ls', { cwd: folder, encoding: 'utf8' })).toBe('bin\npromvisor.bash\n');
  });

  test('is a script that zsh takes', async (context) => {
    context.skip(!has('zsh'), 'zsh is not installed here');
    const home = privateHome();
    const folder = shellFolder(home);
    writeFileSync(path.join(folder, '_promvisor'), await script(home, 'zsh'));
    const argv = ['-f', '-c', 'compdef() { print "for $@" }; source ./_promvisor; print $+functions[_promvisor]'];
    expect(execFileSync('zsh', argv, { cwd: folder, encoding: 'utf8' })).toBe('for _promvisor promvisor pmv\n1\n');
  });

  test('knows commands, flags and names of apps in fish', async (context) => {
    context.skip(!has('fish'), 'fish is not installed here');
    const home = privateHome();
    const folder = shellFolder(home);
    writeFileSync(path.join(folder, 'promvisor.fish'), await script(home, 'fish'));
    const complete = (line: string) => {
      const env = { ...process.env, HOME: folder, PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}` };
      const argv = ['--no-config', '-c', `source ./promvisor.fish; complete -C '${line}'`];
      const lines = execFileSync('fish', argv, { cwd: folder, env, encoding: 'utf8' }).trim().split('\n');
      return lines.map((each) => each.split('\t')[0]);
    };
    expect(complete('promvisor resta')).toEqual(['restart']);
    expect(complete('promvisor restart a')).toContain('api');
    expect(complete('promvisor start --max-s')).toEqual(['--max-size']);
  });

  test('has every shown command and flag in every shell', async () => {
    const home = privateHome();
    const scripts = await Promise.all(['bash', 'zsh', 'fish'].map((shell) => script(home, shell)));
    for (const { name, flags } of wholeProgram().commands.filter(({ hidden }) => !hidden)) {
      for (const text of scripts) {
        expect(text).toContain(name);
        for (const { long, hidden } of flags) if (!hidden) expect(text).toContain(long.replace(/^--/, ''));
      }
    }
    expect((await runCli(home, ['completion', 'tcsh'])).error).toMatchObject({ code: 'USAGE' });
  });

  test('asks a daemon that runs for names, and starts none', async () => {
    const home = privateHome();
    expect(await runCli(home, ['completion', 'targets'])).toMatchObject({ code: 0, out: '', err: '' });
    const instances = [
      instanceView({ app: 'web' }),
      instanceView({ app: 'api', namespace: 'shop' }),
      instanceView({ app: 'web', id: 2 }),
    ];
    await fakeDaemon(home, () => ({ json: { instances } }));
    expect((await runCli(home, ['completion', 'targets'])).out).toBe('api\nshop\nweb\n');
  });
});

describe('the manual', () => {
  /** As a reader sees it, without the marks of roff. */
  const page = manPage('1.2.3').replaceAll('\\-', '-').replaceAll('\\e', '\\');

  test('has every command, operand and flag that is shown', () => {
    const program = wholeProgram();
    const missing = program.commands
      .filter(({ hidden }) => !hidden)
      .flatMap(({ name, aliases, operands, flags }) => [
        `promvisor ${name}\\fR`,
        ...aliases.map((alias) => `\\fB${alias}\\fR`),
        ...operands.map(({ text }) => text),
        ...flags.filter(({ hidden }) => !hidden).map((flag) => `.B ${flag.flags}`),
      ])
      .filter((words) => !page.includes(words));
    expect(missing).toEqual([]);
    expect(page).toContain('"promvisor 1.2.3"');
  });

  test('shows nothing that is only taken for the sake of PM2', () => {
    for (const words of ['--no-pmx', '--trace', 'promvisor link', 'module:install']) expect(page).not.toContain(words);
  });

  test('has no line that roff would take for an order', () => {
    const orders = page.split('\n').filter((line) => /^['.]/.test(line));
    expect(orders.filter((line) => !/^\.(TH|SH|SS|TP|B|I|RI|RB|IR|br)\b/.test(line))).toEqual([]);
  });
});
