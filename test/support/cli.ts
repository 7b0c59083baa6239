import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The built CLI. */
export const PROGRAM = path.join(ROOT, 'dist/bin/promvisor.cjs');
const LONGEST_MS = 45_000;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Text for the standard input; closed at once when not given. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on while the test looks at what it prints. */
export interface RunningCommand {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<RunResult>;
}

/**
 * Path of a program to supervise.
 * @param name file name in test/fixtures
 */
export function fixture(name: string): string {
  return path.join(ROOT, 'test/fixtures', name);
}

/**
 * Starts the built CLI.
 * @param args its arguments
 * @param options environment in full, working directory, input
 * @returns a handle on the running command
 */
export function startCli(
  args: readonly string[],
  { env, cwd, input, timeoutMs = LONGEST_MS }: RunOptions & { readonly env: Readonly<Record<string, string>> },
): RunningCommand {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM}: expected the built CLI; run "npm run build" first`);
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: 'pipe',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const stdout = textOf(child, 'stdout');
  const stderr = textOf(child, 'stderr');
  const ended = new Promise<RunResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout: stdout(), stderr: stderr() }));
  });
  return { pid: child.pid ?? 0, stdout, stderr, signal: (name) => child.kill(name), ended };
}

function textOf(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  child[name]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
