import { type ChildExits, type OnExit, openChildExits } from './child-exits.ts';
import { type Libc, loadLibc } from './libc.ts';
import { type NativeCommand, type PosixSpawn, preparePosixSpawn } from './posix-spawn.ts';
import { findProgram } from './program.ts';

/** What child_process would be asked for. */
export interface NativeRequest extends Pick<NativeCommand, 'cwd' | 'stdinFd' | 'stdoutFd' | 'stderrFd'> {
  /** A path, or a name to look for in the child's PATH. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface NativeChild {
  readonly pid: number;
  /** False when it has ended. */
  kill(signal: NodeJS.Signals): boolean;
}

export interface NativeChildren {
  /**
   * Starts a process in a session of its own by posix_spawn.
   * @param request what to run
   * @param onExit told of its end, once, in a later turn of the event loop
   * @returns null when it was not made, for whatever reason: child_process makes it, or says what is wrong
   */
  start(request: NativeRequest, onExit: OnExit): NativeChild | null;
}

interface Calls {
  readonly spawn: PosixSpawn;
  readonly exits: ChildExits;
}

/**
 * Makes children without fork(2), which costs the more the bigger this process is.
 * @param isWanted false: none is ever made, and the C library is not loaded
 * @param load gives the C library; asked with the first child
 */
export function createNativeChildren(isWanted: boolean, load: () => Libc | null = loadLibc): NativeChildren {
  let calls: Calls | null | undefined;
  return {
    start(request, onExit) {
      if (calls === undefined) calls = isWanted ? prepare(load()) : null;
      return calls === null ? null : start(calls, request, onExit);
    },
  };
}

function prepare(libc: Libc | null): Calls | null {
  if (libc === null) return null;
  const spawn = preparePosixSpawn(libc);
  return spawn === null ? null : { spawn, exits: openChildExits(libc) };
}

function start({ spawn, exits }: Calls, request: NativeRequest, onExit: OnExit): NativeChild | null {
  const { file, args, env, ...rest } = request;
  const found = findProgram(file, { searchPath: env['PATH'], cwd: request.cwd });
  if (found === null) return null;
  const argv = [file, ...args];
  const envp = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  // C would take it for the end of the text.
  if ([request.cwd, ...argv, ...envp].some((text) => text.includes('\0'))) return null;
  exits.listen();
  const pid = spawn({ file: found, argv, envp, ...rest });
  if (pid === null) return null;
  exits.watch(pid, onExit);
  return { pid, kill: (signal) => exits.has(pid) && process.kill(pid, signal) };
}
