import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import type { Home } from '../base/paths.ts';
import { MARK_VARIABLE } from '../base/process-mark.ts';
import type { AppSpec } from '../core/spec.ts';
import type { HostClient, HostForkRequest, HostHandlers } from '../os/host-client.ts';
import { startHost } from '../os/host-start.ts';
import { appKey, type Instance } from './instance.ts';
import type { Marks } from './marks.ts';

/** The bundles stand side by side. */
const HOST_FILE = path.join(import.meta.dirname, 'host.cjs');

export interface WorkerOrder {
  readonly generation: number;
  readonly spec: AppSpec;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
}

/** What is known of a host by its app alone. */
export interface HostPlan {
  /** Absolute path. */
  readonly socket: string;
  /** The settings that it is made with: another one is needed when they change. */
  readonly made: string;
}

/**
 * Says what the cluster host of an app is made of.
 * @param spec the app
 * @param home for its socket
 */
export function hostPlan(spec: AppSpec, home: Home): HostPlan {
  const made = JSON.stringify([spec.process.interpreter, spec.process.schedule]);
  return { socket: `${stemOf(appKey(spec), home)}.sock`, made };
}

/**
 * Starts the cluster host of an app.
 * @param spec the app
 * @param surroundings home, and the mark by which a later daemon knows the host
 * @param handlers told of facts and of the loss
 * @throws PromvisorError START_FAILED
 */
export function launchHost(
  spec: AppSpec,
  { home, marks }: { readonly home: Home; readonly marks: Marks },
  handlers: HostHandlers,
): Promise<HostClient> {
  const key = appKey(spec);
  // What a host says before it dies is all that is known of its death.
  const logFd = openSync(`${stemOf(key, home)}.log`, 'w', 0o600);
  const setup = { socket: hostPlan(spec, home).socket, schedule: spec.process.schedule };
  const { interpreter, env } = spec.process;
  const own = env['PATH'] === undefined ? {} : { PATH: env['PATH'] };
  const marked = { ...own, [MARK_VARIABLE]: marks.ofHost(key) };
  const start = { interpreter, program: HOST_FILE, setup, cwd: home.root, env: marked, logFd };
  return startHost(start, handlers).finally(() => closeSync(logFd));
}

/**
 * What a host has to know to make a worker.
 * @param instance whose process it becomes
 * @param order what it is made from
 * @throws the error of open(2) when its pipes cannot be opened
 */
export function forkRequest({ id, logs }: Instance, { generation, spec, env, execArgv }: WorkerOrder): HostForkRequest {
  const { script, args, cwd, uid, gid } = spec.process;
  const { out: stdout, error: stderr } = logs.pipesFor(generation);
  return { id, generation, script, args, execArgv, cwd, env, stdout, stderr, uid, gid };
}

function stemOf(key: string, home: Home): string {
  return path.join(home.runDir, `host-${shortHash(key)}`);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
