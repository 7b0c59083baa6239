import { constants } from 'node:fs';
import type { Libc } from './libc.ts';

export interface NativeCommand {
  /** Path of the program; a relative one counts from `cwd`. */
  readonly file: string;
  /** With the program's name for itself before the others. */
  readonly argv: readonly string[];
  /** NAME=value each. */
  readonly envp: readonly string[];
  readonly cwd: string;
  /** Null: the standard input is at its end. */
  readonly stdinFd: number | null;
  readonly stdoutFd: number;
  readonly stderrFd: number;
}

/** Gives the pid, or null when there is no process: why is not told. */
export type PosixSpawn = (command: NativeCommand) => number | null;

/** More than any C library takes: 336 and 80 on 64 bits, both in glibc and in musl. */
const ATTRIBUTES_BYTES = 1024;
const ACTIONS_BYTES = 256;
/** A sigset_t; glibc and musl agree. */
const SIGNALS_BYTES = 128;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;

/**
 * posix_spawn(3): the child borrows the memory of this process until it executes, where fork(2) copies the page tables of
 * all of it. Made for what child_process does too: a session of its own, no signal blocked or ignored, nothing open but the
 * three standard descriptors (everything else of Node is closed by execve).
 * @param libc the C library
 * @returns the call, null where the library has not all of it
 * @see https://man7.org/linux/man-pages/man3/posix_spawn.3.html
 */
export function preparePosixSpawn(libc: Libc): PosixSpawn | null {
  try {
    return prepare((prototype) => libc.func(prototype) as (...args: readonly unknown[]) => number); // all return int
  } catch {
    return null;
  }
}

function prepare(func: (prototype: string) => (...args: readonly unknown[]) => number): PosixSpawn | null {
  const spawn = func('int posix_spawn(_Out_ int*, const char*, void*, void*, const char**, const char**)');
  const init = func('int posix_spawn_file_actions_init(void*)');
  const destroy = func('int posix_spawn_file_actions_destroy(void*)');
  const open = func('int posix_spawn_file_actions_addopen(void*, int, const char*, int, int)');
  const dup = func('int posix_spawn_file_actions_adddup2(void*, int, int)');
  const chdir = func('int posix_spawn_file_actions_addchdir_np(void*, const char*)');
  const attributes = prepareAttributes(func);
  if (attributes === null) return null;
  const actions = Buffer.alloc(ACTIONS_BYTES);

  function addActions({ stdinFd, stdoutFd, stderrFd, cwd }: NativeCommand): boolean {
    const input = stdinFd === null ? open(actions, 0, '/dev/null', constants.O_RDONLY, 0) : dup(actions, stdinFd, 0);
    const results = [input, dup(actions, stdoutFd, 1), dup(actions, stderrFd, 2), chdir(actions, cwd)];
    return results.every((result) => result === 0);
  }

  return (command) => {
    if (init(actions) !== 0) return null;
    try {
      const pid: [number] = [0];
      const { file, argv, envp } = command;
      const isMade =
        addActions(command) && spawn(pid, file, actions, attributes, [...argv, null], [...envp, null]) === 0;
      return isMade ? pid[0] : null;
    } finally {
      destroy(actions);
    }
  };
}

function prepareAttributes(func: (prototype: string) => (...args: readonly unknown[]) => number): Buffer | null {
  const attributes = Buffer.alloc(ATTRIBUTES_BYTES);
  const results = [
    func('int posix_spawnattr_init(void*)')(attributes),
    func('int posix_spawnattr_setsigmask(void*, void*)')(attributes, Buffer.alloc(SIGNALS_BYTES)),
    func('int posix_spawnattr_setsigdefault(void*, void*)')(attributes, Buffer.alloc(SIGNALS_BYTES, 0xff)),
    func('int posix_spawnattr_setflags(void*, int16_t)')(attributes, SETSID | SETSIGMASK | SETSIGDEF),
  ];
  return results.every((result) => result === 0) ? attributes : null;
}
