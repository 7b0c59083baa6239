import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '../../api/client.ts';
import { DAEMON_ENV, DAEMON_NODE_FLAGS } from '../../base/daemon-flags.ts';
import { messageOf, PromvisorError } from '../../base/errors.ts';
import { makeHome } from '../../base/home.ts';
import type { CliContext, ExitCode } from '../context.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP', 'SIGUSR2'] as const;
const ANSWER_DEADLINE_MS = 15_000;
const LOOK_MS = 15;
/** The daemon's exit code when another one has the home. */
const EXIT_LOCKED = 75;

/**
 * `--no-daemon`: the daemon runs in this process group and writes to this terminal, until it is told to end.
 * @param context of the command
 * @param work what to do once it answers, or null
 * @returns the daemon's exit code, or that of the work where the daemon ended well
 * @throws PromvisorError ALREADY_RUNNING when a daemon serves the home already
 */
export async function foregroundCommand(
  context: CliContext,
  work: (() => Promise<ExitCode>) | null,
): Promise<ExitCode> {
  makeHome(context.home);
  const child = spawn(process.execPath, [...DAEMON_NODE_FLAGS, context.daemonFile, '--foreground'], {
    stdio: 'inherit',
    env: { ...context.env, ...DAEMON_ENV, PROMVISOR_HOME: context.home.root },
  });
  const ended = endOf(child);
  let toldToEnd = false;
  const forward = (signal: NodeJS.Signals) => {
    toldToEnd = true;
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    let workCode: ExitCode = 0;
    const failed = (error: unknown): ExitCode => {
      if (toldToEnd) return 0;
      child.kill('SIGTERM');
      throw error;
    };
    if (work !== null && (await answers(context, child))) {
      workCode = await work().catch(failed);
    }
    const code = await ended;
    if (code === EXIT_LOCKED) {
      throw new PromvisorError('ALREADY_RUNNING', `another daemon serves ${context.home.root} already`);
    }
    // Whoever ends it while apps are still starting has not seen them fail.
    return code === 0 && !toldToEnd ? workCode : code;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

async function endOf(child: ChildProcess): Promise<ExitCode> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    // A shell's way to tell of a signal: 128 + its number.
    return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  } catch (error) {
    throw new PromvisorError('DAEMON_START_FAILED', `the daemon could not be started: ${messageOf(error)}`);
  }
}

/** Waits for the answer of this daemon; false when it ended before. */
async function answers({ home }: CliContext, child: ChildProcess): Promise<boolean> {
  const client = createClient(home.socket);
  const deadlineMs = performance.now() + ANSWER_DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    try {
      if ((await client.ping()).pid === child.pid) return true;
    } catch (error) {
      if (!(error instanceof PromvisorError)) throw error;
    }
    await delay(LOOK_MS);
  }
  child.kill('SIGTERM');
  throw new PromvisorError('TIMED_OUT', `the daemon gave no answer in ${ANSWER_DEADLINE_MS / 1000} s`);
}
