import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ProcessSpec } from '../../src/core/spec.ts';
import { loadLibc } from '../../src/os/libc.ts';
import { createNativeChildren, type NativeChildren } from '../../src/os/native-children.ts';
import { type SpawnedChild, spawnProcess } from '../../src/os/spawn.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'pmv-spawn-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As with native_calls: false. */
const none = createNativeChildren(false);
const native = createNativeChildren(true);
const isNative = (child: SpawnedChild | null) => child !== null && !('connected' in child);

interface Outcome {
  readonly out: string;
  readonly error: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it could not be made. */
  readonly failure: string | null;
}

type Given = Partial<ProcessSpec> & { readonly script: string };

/** The defaults of a program that is executed itself. */
function specOf(given: Given): ProcessSpec {
  const defaults = {
    name: 'app',
    args: [],
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    interpreter: 'none',
    interpreterArgs: [],
    shellLine: false,
    sourceMaps: false,
    uid: null,
    gid: null,
  };
  return { ...defaults, ...given } as unknown as ProcessSpec; // the other parts are nothing to a spawn
}

let files = 0;

/** Runs a program to its end, and says which way it was made. */
async function run(given: Given, children: NativeChildren) {
  files += 1;
  const [out, error] = [path.join(folder, `${files}.out`), path.join(folder, `${files}.err`)];
  const [stdoutFd, stderrFd] = [openSync(out, 'a+'), openSync(error, 'a+')];
  let child: SpawnedChild | null = null;
  const end = await new Promise<Omit<Outcome, 'out' | 'error'>>((resolve) => {
    const spec = specOf(given);
    const request = {
      process: spec,
      env: spec.env,
      agentFile: null,
      stdinFd: null,
      stdoutFd,
      stderrFd,
      native: children,
    };
    child = spawnProcess(request, {
      onExit: (code, signal) => resolve({ code, signal, failure: null }),
      onFailed: ({ message }) => resolve({ code: null, signal: null, failure: message }),
      onMessage: () => {},
    });
  });
  closeSync(stdoutFd);
  closeSync(stderrFd);
  // The files have other names each time.
  const said = readFileSync(out, 'utf8').replace(out, 'OUT').replace(error, 'ERROR');
  const outcome: Outcome = { ...end, out: said, error: readFileSync(error, 'utf8') };
  return { outcome, isNative: isNative(child) };
}

/** Runs it both ways; the outcome must be the same. */
async function both(given: Given, expected: { readonly native: boolean }): Promise<Outcome> {
  const old = await run(given, none);
  const fresh = await run(given, native);
  expect(old.isNative).toBe(false);
  expect(fresh.isNative).toBe(expected.native);
  expect(fresh.outcome).toEqual(old.outcome);
  return fresh.outcome;
}

const line = (script: string, more: Partial<ProcessSpec> = {}): Given => ({
  script: '/bin/sh',
  args: ['-c', script],
  ...more,
});

function program(name: string, content: string, mode = 0o755): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const NODE_LISTENERS = ['SIGUSR2', 'SIGHUP', 'SIGPIPE'] as const;

describe.skipIf(loadLibc() === null)('a process made by posix_spawn is as one made by child_process', () => {
  it('ends with its code', async () => {
    expect(await both(line('echo out; echo err >&2; exit 3'), { native: true })).toEqual({
      out: 'out\n',
      error: 'err\n',
      code: 3,
      signal: null,
      failure: null,
    });
  });

  it('ends by each signal, under its name', async () => {
    const numbers = new Set(Object.values(constants.signals));
    // These stop, continue or do nothing; and a real-time signal, which has no name.
    for (const harmless of [17, 18, 19, 20, 21, 22, 23, 28]) numbers.delete(harmless as never);
    const ends = [...numbers, 40].map(async (number) => {
      const { code, signal } = await both(line(`ulimit -c 0; kill -${number} $$; exit 1`), { native: true });
      return [number, signal ?? code];
    });
    const names = new Map((await Promise.all(ends)) as [number, unknown][]);
    expect(names.get(6)).toBe('SIGABRT');
    expect(names.get(9)).toBe('SIGKILL');
    expect(names.get(29)).toBe('SIGIO');
    expect(names.get(40)).toBe(0);
  });

  it('has the environment in the order given, its folder, a session of its own and nothing else open', async () => {
    const env = { Z: '1', PATH: '/usr/bin:/bin', A: 'ä=b\n', EMPTY: '', SAME: '€' };
    const { out } = await both({ script: '/usr/bin/env', env }, { native: true });
    expect(out).toBe('Z=1\nPATH=/usr/bin:/bin\nA=ä=b\n\nEMPTY=\nSAME=€\n');
    const leaked = openSync(folder, 'r');
    onTestFinished(() => closeSync(leaked));
    const look = `pwd; read pid name state parent group session rest < /proc/$$/stat; [ $pid = $session ] && echo own session
      readlink /proc/$$/fd/*; head -c 9 | wc -c; grep -h flags /proc/$$/fdinfo/[012]; umask; ulimit -n`;
    const { out: seen } = await both(line(look), { native: true });
    expect(seen.startsWith(`${folder}\nown session\n/dev/null\nOUT\nERROR\n`), seen).toBe(true);
    expect(seen.split(folder)).toHaveLength(2);
  });

  it('has no signal blocked, ignored or caught, whatever this process does with them', async () => {
    for (const signal of NODE_LISTENERS) process.on(signal, noop);
    onTestFinished(() => {
      for (const signal of NODE_LISTENERS) process.off(signal, noop);
    });
    const { out } = await both(
      { script: '/bin/sed', args: ['-n', '/^Sig[BIC]/p', '/proc/self/status'] },
      { native: true },
    );
    expect(out).toMatch(/^SigBlk:\s0+\nSigIgn:\s0+\nSigCgt:\s0+\n$/);
  });

  it('has its arguments as they are', async () => {
    const args = ['%s|', '', 'a b', '"*"', 'ä€😀', '\ud800', '\n', 'x'.repeat(100_000)];
    const { out } = await both({ script: '/usr/bin/printf', args }, { native: true });
    expect(out).toBe(`|a b|"*"|ä€😀|\ufffd|\n|${'x'.repeat(100_000)}|`);
  });

  it('has the name that was asked for', async () => {
    expect((await both({ script: 'cat', args: ['/proc/self/cmdline'] }, { native: true })).out).toBe(
      'cat\0/proc/self/cmdline\0',
    );
  });

  it('is found in the PATH that it has itself, from its own folder', async () => {
    program('bin/tool', '#!/bin/sh\necho tool $0 $1');
    program('not/tool', '#!/bin/sh\necho wrong', 0o644);
    mkdirSync(path.join(folder, 'dir/tool'), { recursive: true });
    const tool = { script: 'tool', args: ['1'] };
    const at = (PATH: string) => ({ env: { PATH } });
    const absolute = await both(
      { ...tool, ...at(`/nowhere:${folder}/not:${folder}/dir:${folder}/bin`) },
      { native: true },
    );
    expect(absolute.out).toBe(`tool ${folder}/bin/tool 1\n`);
    expect((await both({ ...tool, ...at('not:dir:bin') }, { native: true })).out).toBe('tool bin/tool 1\n');
    const here = { ...tool, cwd: path.join(folder, 'bin') };
    expect((await both({ ...here, ...at('/nowhere:') }, { native: true })).out).toBe('tool tool 1\n');
    expect((await both({ ...here, ...at('') }, { native: true })).code).toBe(0);
    expect((await both({ script: 'bin/tool', ...at('/nowhere') }, { native: true })).out).toBe('tool bin/tool\n');
    expect((await both({ script: 'sh', args: ['-c', 'exit 4'], env: {} }, { native: false })).code).toBe(4);
  });

  it('runs by a shell what is executable and nothing else', async () => {
    const file = program('plain', 'echo plain $1');
    expect((await both({ script: file, args: ['1'] }, { native: false })).out).toBe('plain 1\n');
  });

  it.each<[string, Given, string]>([
    ['no file', { script: '/nowhere/app' }, 'cannot run "/nowhere/app": no such file, or not found in PATH (ENOENT)'],
    ['not in PATH', { script: 'no-such-app' }, 'cannot run "no-such-app": no such file, or not found in PATH (ENOENT)'],
    ['not executable', { script: program('plain.txt', 'x', 0o644) }, 'permission denied (is it executable?) (EACCES)'],
    ['a folder', { script: folder }, 'permission denied (is it executable?) (EACCES)'],
    ['no working directory', { script: '/bin/true', cwd: '/nowhere' }, 'its working directory /nowhere does not exist'],
    [
      'a file as working directory',
      { script: '/bin/true', cwd: '/bin/true' },
      'a part of its path is no directory (ENOTDIR)',
    ],
    ['no interpreter', { script: program('lost', '#!/nowhere/sh\n') }, 'no such file, or not found in PATH (ENOENT)'],
    [
      'too much',
      { script: '/bin/true', args: ['x'.repeat(200_000)] },
      'arguments and environment are too long (E2BIG)',
    ],
    ['far too much', { script: '/bin/true', args: Array(100).fill('x'.repeat(100_000)) }, '(E2BIG)'],
    ['a zero byte', { script: '/bin/true', args: ['a\0b'] }, 'must be a string without null bytes'],
    ['a zero byte in a value', { script: '/bin/true', env: { A: 'a\0b' } }, 'must be a string without null bytes'],
    ['nothing', { script: '' }, 'cannot be empty'],
  ])('cannot be made: %s', async (_what, given, message) => {
    const { failure, code } = await both(given, { native: false });
    expect(failure).toContain(message);
    expect(code).toBeNull();
  });

  it('is left to child_process where it needs a channel or another user', async () => {
    const user = await both({ script: '/bin/true', uid: process.getuid?.() ?? 0 }, { native: false });
    expect(user.code).toBe(0);
    const script = program('send.cjs', 'process.send("ready", () => process.exit(5))');
    const channel = await both({ script, interpreter: process.execPath }, { native: false });
    expect(channel.code).toBe(5);
  });
});

describe.skipIf(loadLibc() === null)('children of posix_spawn', () => {
  const request = (file: string, ...args: string[]) => {
    const output = openSync('/dev/null', 'r+');
    onTestFinished(() => closeSync(output));
    return { file, args, env: {}, cwd: '/', stdinFd: null, stdoutFd: output, stderrFd: output };
  };

  it('end each once, however many end at once, beside those of Node', async () => {
    const command = request('/bin/true');
    const codes: (number | null)[] = [];
    const others: Promise<unknown>[] = [];
    for (let i = 0; i < 500; i++) {
      expect(native.start(command, (code) => codes.push(code))).not.toBeNull();
      if (i % 50 === 0) others.push(run({ script: '/bin/true' }, none));
      // Some are told of while others are being made.
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => codes.length === 500, { what: '500 ends' });
    await Promise.all(others);
    expect(codes).toEqual(Array(500).fill(0));
  });

  it('are killed while they live, and never afterwards', async () => {
    const signals: unknown[] = [];
    const child = native.start(request('/bin/sleep', '60'), (_code, signal) => signals.push(signal));
    expect(child?.kill('SIGKILL')).toBe(true);
    await until(() => signals.length === 1, { what: 'the end' });
    expect(signals).toEqual(['SIGKILL']);
    expect(child?.kill('SIGKILL')).toBe(false);
  });

  it('read what they are given', async () => {
    const input = openSync(program('input', 'given'), 'r');
    const file = path.join(folder, 'copy');
    const output = openSync(file, 'a+');
    onTestFinished(() => [input, output].forEach(closeSync));
    let ended = false;
    native.start({ ...request('/bin/cat'), stdinFd: input, stdoutFd: output }, () => {
      ended = true;
    });
    await until(() => ended, { what: 'the end' });
    expect(readFileSync(file, 'utf8')).toBe('given');
  });

  it('are not made without the library, which is asked for once, with the first', () => {
    let asked = 0;
    const load = () => {
      asked += 1;
      return null;
    };
    const children = createNativeChildren(true, load);
    expect(createNativeChildren(false, load).start(request('/bin/true'), noop)).toBeNull();
    expect(asked).toBe(0);
    for (let i = 0; i < 2; i++) expect(children.start(request('/bin/true'), noop)).toBeNull();
    expect(asked).toBe(1);
  });

  it('are not made where the library lacks a part', () => {
    const libc = loadLibc();
    if (libc === null) throw new Error('it was there');
    const func = (prototype: string) => {
      if (prototype.includes('addchdir_np')) throw new Error('no such function');
      return libc.func(prototype);
    };
    expect(createNativeChildren(true, () => ({ ...libc, func })).start(request('/bin/true'), noop)).toBeNull();
  });
});

function noop(): void {}
