import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf, PromvisorError } from '../base/errors.ts';
import type { HostSetup } from '../base/host-protocol.ts';
import { connectHost, type HostClient, type HostHandlers, type HostLoss } from './host-client.ts';
import { identityOf } from './identity.ts';

export interface HostStart {
  /** Program that is Node: name for PATH, or path. */
  readonly interpreter: string;
  /** Absolute path of host.cjs. */
  readonly program: string;
  /** `socket` is of this host alone: the host removes what is there, and its own in the end. */
  readonly setup: HostSetup;
  readonly cwd: string;
  /** The whole environment of the host; its workers get nothing of it. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes stdout and stderr of the host; the caller closes it. */
  readonly logFd: number;
}

/** Without it the young generation grows with round_robin traffic: 4 MB after 100,000 connections on Node 24. */
const NODE_FLAGS = ['--max-semi-space-size=1'];

/**
 * Starts the cluster host of one app, in a session of its own, and connects to it.
 * @param start program, setup and surroundings
 * @param handlers told of facts and of the loss; not before the caller has the client
 * @returns the client
 * @throws PromvisorError START_FAILED naming the interpreter, when the host cannot be run, ends (an old Node does) or
 * gives no answer within 10 s; then nothing is left of it
 */
export async function startHost(start: HostStart, handlers: HostHandlers): Promise<HostClient> {
  let child: ChildProcess | undefined;
  try {
    child = spawnHost(start);
    const ended = endOf(child);
    // It was not waited for yet, so the pid is its own for sure.
    const identity = identityOf(child.pid);
    if (identity === null) throw new Error(await whyNoIdentity(child, ended));
    return await connectHost({ socket: start.setup.socket, identity, ended }, handlers);
  } catch (error) {
    child?.kill('SIGKILL');
    throw new PromvisorError(
      'START_FAILED',
      `cannot run a cluster host with "${start.interpreter}" (Node 20.19 or newer is needed): ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function spawnHost({ interpreter, program, setup, cwd, env, logFd }: HostStart): ChildProcess {
  const child = spawn(interpreter, [...NODE_FLAGS, program, JSON.stringify(setup)], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', logFd, logFd],
  });
  child.unref();
  return child;
}

function endOf(child: ChildProcess): Promise<HostLoss> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ message: error.message });
    });
  });
}

async function whyNoIdentity(child: ChildProcess, ended: Promise<HostLoss>): Promise<string> {
  if (child.pid !== undefined) return 'its process cannot be identified';
  const loss = await ended;
  return 'message' in loss ? loss.message : 'it could not be made';
}
