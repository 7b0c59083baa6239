import { type ChildProcess, type Serializable, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { ProcessSpec } from '../core/spec.ts';
import type { NativeChildren } from './native-children.ts';

export interface SpawnRequest {
  readonly process: ProcessSpec;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The agent to load into a Node app, or null. */
  readonly agentFile: string | null;
  /** Open for reading and writing; the caller closes them. Without one the standard input is at its end. */
  readonly stdinFd: number | null;
  readonly stdoutFd: number;
  readonly stderrFd: number;
  /** Makes what needs nothing of child_process. */
  readonly native: NativeChildren;
}

/** A process that was made, by whichever way. */
export interface SpawnedChild {
  /** Undefined when it could not be made. */
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
  /** Of the channel of child_process, where there is one. */
  readonly connected?: boolean;
  send?(message: Serializable, onSent: (error: Error | null) => void): boolean;
}

export interface SpawnHandlers {
  onFailed(failure: SpawnFailure): void;
  onExit(code: number | null, signal: NodeJS.Signals | null): void;
  onMessage(message: unknown): void;
}

export interface SpawnFailure {
  readonly message: string;
  /** True when trying again cannot help. */
  readonly permanent: boolean;
}

/** Failures that pass by themselves: execve(2), fork(2). */
const PASSING = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETXTBSY', 'EBUSY', 'EINTR']);
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file, or not found in PATH',
  EACCES: 'permission denied (is it executable?)',
  ENOEXEC: 'not a program this kernel can run',
  EPERM: 'operation not permitted',
  ENOTDIR: 'a part of its path is no directory',
  E2BIG: 'arguments and environment are too long',
};

/**
 * Starts one process in a session of its own, its output on the given descriptors.
 * @param request what to run, where, as whom
 * @param handlers told of the failure or of the exit, exactly one of the two, once
 * @returns the child; `pid` is undefined when it could not be made (then `onFailed` comes)
 * @see setsid(2): `detached` makes the child a session leader, so that its tree can be found later
 */
export function spawnProcess(request: SpawnRequest, handlers: SpawnHandlers): SpawnedChild | null {
  const { process: spec, env, stdinFd, stdoutFd, stderrFd } = request;
  const [file, args] = commandLine(spec, request.agentFile);
  // With the agent in it the channel is the agent's, which outlives this process.
  const hasChannel = runsNode(spec) && request.agentFile === null;
  if (!hasChannel && spec.uid === null && spec.gid === null) {
    const command = { file, args, env, cwd: spec.cwd, stdinFd, stdoutFd, stderrFd };
    const child = request.native.start(command, handlers.onExit);
    if (child !== null) return child;
  }
  let settled = false;
  const fail = (error: unknown) => {
    if (settled) return;
    settled = true;
    handlers.onFailed(failureOf(error, file, spec.cwd));
  };
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      cwd: spec.cwd,
      env,
      detached: true,
      stdio: [stdinFd ?? 'ignore', stdoutFd, stderrFd, ...(hasChannel ? (['ipc'] as const) : [])],
      ...(spec.uid === null ? {} : { uid: spec.uid }),
      ...(spec.gid === null ? {} : { gid: spec.gid }),
    });
  } catch (error) {
    // Arguments with a zero byte and the like throw at once; the outcome comes in order all the same.
    queueMicrotask(() => fail(error));
    return null;
  }
  child.on('error', (error) => {
    // A signal or a message that could not be delivered is reported here too: only a missing pid is a failed spawn.
    if (child.pid === undefined) fail(error);
  });
  child.once('exit', (code, signal) => {
    if (settled) return;
    settled = true;
    handlers.onExit(code, signal);
  });
  child.on('message', (message) => handlers.onMessage(message));
  return child;
}

/**
 * The words that are executed.
 * @param spec how one process of the app is made
 * @param agentFile to load first, or null
 * @returns program and its arguments
 */
function commandLine(spec: ProcessSpec, agentFile: string | null): readonly [string, readonly string[]] {
  if (spec.shellLine)
    return [spec.interpreter === 'none' ? 'bash' : spec.interpreter, ['-c', spec.script, ...spec.args]];
  if (spec.interpreter === 'none') return [spec.script, spec.args];
  const flags = runsNode(spec) ? nodeFlags(spec, agentFile) : spec.interpreterArgs;
  return [spec.interpreter, [...flags, spec.script, ...spec.args]];
}

/**
 * The flags of Node itself.
 * @param spec how one process of the app is made
 * @param agentFile to load first, or null
 * @returns flags as they stand before the script
 */
export function nodeFlags(spec: ProcessSpec, agentFile: string | null): readonly string[] {
  const agent = agentFile === null ? [] : ['--require', agentFile];
  return [...agent, ...(spec.sourceMaps ? ['--enable-source-maps'] : []), ...spec.interpreterArgs];
}

/** True when the program is Node itself, which understands an IPC channel. */
export function runsNode(spec: ProcessSpec): boolean {
  if (spec.shellLine) return false;
  const name = spec.interpreter.slice(spec.interpreter.lastIndexOf('/') + 1);
  return name === 'node' || name === 'nodejs';
}

function failureOf(error: unknown, file: string, cwd: string): SpawnFailure {
  const code = errnoOf(error);
  const permanent = code === null || !PASSING.has(code);
  if (code === 'ENOENT' && !isDirectory(cwd)) {
    return { message: `cannot run "${file}": its working directory ${cwd} does not exist`, permanent };
  }
  const why = code === null ? messageOf(error) : `${WORDS[code] ?? messageOf(error)} (${code})`;
  return { message: `cannot run "${file}": ${why}`, permanent };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
