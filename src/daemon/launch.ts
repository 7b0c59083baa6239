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
import { born } from './births.ts';
import type { Deaths } from './deaths.ts';
import type { Hosts } from './hosts.ts';
import { type Instance, type LiveProcess, specOf } from './instance.ts';
import { instanceEnv } from './instance-env.ts';
import type { Marks } from './marks.ts';
import { snapshotPath } from './snapshots.ts';

/** The bundles stand side by side. */
const AGENT_FILE = path.join(import.meta.dirname, 'agent.cjs');

export interface LaunchOptions {
  readonly clock: Clock;
  readonly deaths: Deaths;
  readonly hosts: Hosts;
  readonly home: Home;
  readonly marks: Marks;
  readonly agents: Agents;
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
  const env = {
    ...instanceEnv(instance, spec, options.home.root),
    ...agentEnv(instance, generation, spec, options.home),
    [MARK_VARIABLE]: options.marks.ofProcess(instance.id, generation),
  };
  if (spec.process.execMode === 'fork') {
    launchFork(instance, { generation, spec, env }, options);
    return;
  }
  options.hosts.fork(instance, {
    generation,
    spec,
    env: { ...spec.process.env, ...env },
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
  { clock, deaths, agents, native }: LaunchOptions,
): void {
  const fds = openEnds(instance, generation);
  if (fds === null) return;
  const request = {
    process: spec.process,
    instanceEnv: env,
    agentFile: agentFile(spec),
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
    },
  });
  closeSync(fds.out);
  closeSync(fds.error);
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
    child.send(message, (error) => {
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

/** Without its file, as in the middle of an upgrade, Node would not start at all. */
function hasAgent({ process }: AppSpec): boolean {
  return process.agent && runsNode(process) && existsSync(AGENT_FILE);
}

function agentFile(spec: AppSpec): string | null {
  return hasAgent(spec) ? AGENT_FILE : null;
}

function agentEnv(instance: Instance, generation: number, spec: AppSpec, home: Home): Record<string, string> {
  if (!hasAgent(spec)) return {};
  const address: AgentAddress = {
    socket: home.agentSocket,
    id: instance.id,
    generation,
    telemetry: spec.process.telemetry,
    snapshot: snapshotPath(home.runDir, { id: instance.id, generation }),
    channel: spec.process.execMode === 'fork',
  };
  return { [AGENT_VARIABLE]: JSON.stringify(address) };
}
