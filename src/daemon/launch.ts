import type { Serializable } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import path from 'node:path';
import { AGENT_VARIABLE, type AgentAddress } from '../base/agent-protocol.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import { MARK_VARIABLE } from '../base/process-mark.ts';
import type { AppSpec } from '../core/spec.ts';
import type { NativeChildren } from '../os/native-children.ts';
import { nodeFlags, runsNode, type SpawnedChild, spawnProcess } from '../os/spawn.ts';
import type { Agents } from './agents.ts';
import type { AppMessages } from './app-messages.ts';
import { born } from './births.ts';
import type { Deaths } from './deaths.ts';
import type { Hosts } from './hosts.ts';
import { type Instance, type LiveProcess, specOf } from './instance.ts';
import { processEnv } from './instance-env.ts';
import type { Marks } from './marks.ts';
import { snapshotPath } from './snapshots.ts';
import { openStdin } from './stdin.ts';

/** The bundles stand side by side. */
const AGENT_FILE = path.join(import.meta.dirname, 'agent.cjs');

export interface LaunchOptions {
  readonly clock: Clock;
  readonly deaths: Deaths;
  readonly hosts: Hosts;
  readonly home: Home;
  readonly marks: Marks;
  readonly agents: Agents;
  readonly messages: AppMessages;
  readonly native: NativeChildren;
}

/**
 * Starts the process of a generation: the machine hears `spawned` or `spawn_failed`, now or a little later.
 * @param instance whose process it becomes
 * @param generation its number
 * @param options the parts of the daemon that take part
 */
export function launch(instance: Instance, generation: number, options: LaunchOptions): void {
  const spec = specOf(instance, generation);
  const env = processEnv(instance, spec, { homeRoot: options.home.root, clock: options.clock });
  if (hasAgent(spec)) env[AGENT_VARIABLE] = agentAddress(instance, generation, spec, options.home);
  env[MARK_VARIABLE] = options.marks.ofProcess(instance.id, generation);
  if (spec.process.execMode === 'fork') {
    launchFork(instance, { generation, spec, env }, options);
    return;
  }
  options.hosts.fork(instance, {
    generation,
    spec,
    env,
    execArgv: nodeFlags(spec.process, agentFile(spec)),
  });
}

interface ForkLaunch {
  readonly generation: number;
  readonly spec: AppSpec;
  readonly env: Readonly<Record<string, string>>;
}

function launchFork(
  instance: Instance,
  { generation, spec, env }: ForkLaunch,
  { clock, deaths, agents, home, messages, native }: LaunchOptions,
): void {
  const fds = openEnds(instance, generation);
  if (fds === null) return;
  const stdinFd = openStdin(instance.id, home.runDir);
  const request = {
    process: spec.process,
    env,
    agentFile: agentFile(spec),
    stdinFd,
    stdoutFd: fds.out,
    stderrFd: fds.error,
    native,
  };
  const child = spawnProcess(request, {
    onFailed(failure) {
      instance.logs.drain(generation);
      instance.post({ type: 'spawn_failed', generation, ...failure });
    },
    onExit: (code, signal) => {
      const process = instance.processes.get(generation);
      if (process !== undefined) deaths.onRootExit(instance, process, { code, signal });
    },
    onMessage: (message) => {
      if (message === 'ready') instance.post({ type: 'ready', generation });
      messages.take(instance, message);
    },
  });
  closeSync(fds.out);
  closeSync(fds.error);
  if (stdinFd !== null) closeSync(stdinFd);
  if (child?.pid === undefined) return;
  const { id } = instance;
  const { pid } = child;
  const send = request.agentFile === null ? viaChild(child) : agents.channelTo({ id, generation, pid });
  born(instance, { generation, pid, send, kill: () => child.kill('SIGKILL') }, clock);
}

/** Without the agent a Node app has the channel of child_process, which ends with this daemon. */
function viaChild(child: SpawnedChild): LiveProcess['send'] {
  return (message, onFailed) => {
    if (!child.connected || child.send === undefined) return onFailed();
    child.send(message as Serializable, (error) => {
      // The channel closed under the message.
      if (error !== null) onFailed();
    });
  };
}

/** The write ends of the pipes; without them (no descriptors left, disk gone) nothing can be spawned. */
function openEnds(instance: Instance, generation: number): { readonly out: number; readonly error: number } | null {
  try {
    return instance.logs.openForSpawn(generation);
  } catch (error) {
    const message = `cannot open the output pipes: ${messageOf(error)}`;
    instance.post({ type: 'spawn_failed', generation, message, permanent: false });
    return null;
  }
}

/**
 * Without its file, as in the middle of an upgrade, Node would not start at all. Another user cannot reach the daemon's
 * socket: then the channel of child_process has to do.
 */
function hasAgent({ process }: AppSpec): boolean {
  return process.agent && !isAnotherUser(process) && runsNode(process) && existsSync(AGENT_FILE);
}

const ownUid = process.getuid?.() ?? null;

function isAnotherUser({ uid }: AppSpec['process']): boolean {
  return uid !== null && uid !== ownUid;
}

function agentFile(spec: AppSpec): string | null {
  return hasAgent(spec) ? AGENT_FILE : null;
}

function agentAddress(instance: Instance, generation: number, spec: AppSpec, home: Home): string {
  const address: AgentAddress = {
    socket: home.agentSocket,
    id: instance.id,
    generation,
    telemetry: spec.process.telemetry,
    snapshot: snapshotPath(home.runDir, { id: instance.id, generation }),
    channel: spec.process.execMode === 'fork',
  };
  return JSON.stringify(address);
}
