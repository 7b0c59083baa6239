import { closeSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import type { Effect } from '../core/states.ts';
import { identityOf } from '../os/identity.ts';
import { signalTree } from '../os/process-tree.ts';
import { spawnProcess } from '../os/spawn.ts';
import type { Bus } from './bus.ts';
import type { Deaths } from './deaths.ts';
import type { Instance, LiveProcess } from './instance.ts';
import { instanceEnv } from './instance-env.ts';
import type { DaemonLog } from './own-log.ts';

export interface InterpreterOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly deaths: Deaths;
  readonly log: DaemonLog;
  readonly homeRoot: string;
}

/** Performs the effects of the machine: the only place where the daemon touches processes. */
export interface Interpreter {
  perform(instance: Instance, effects: readonly Effect[]): void;
}

export function createInterpreter(options: InterpreterOptions): Interpreter {
  const timers = new WeakMap<Instance, Map<number, () => void>>();

  function perform(instance: Instance, effects: readonly Effect[]): void {
    // A new process comes before the news of it: nothing that listens may delay a restart.
    for (const effect of effects) if (effect.type !== 'publish') act(instance, effect);
    for (const effect of effects) {
      if (effect.type === 'publish') options.bus.publish(instance, effect.transition, options.clock.wallMs());
    }
  }

  function act(instance: Instance, effect: Exclude<Effect, { type: 'publish' }>): void {
    switch (effect.type) {
      case 'spawn':
        spawn(instance, effect.generation, options);
        break;
      case 'signal_tree':
        askToGo(instance, effect.generation, options);
        break;
      case 'kill_tree':
        send(instance, effect.generation, 'SIGKILL', options);
        break;
      case 'arm':
        arm(instance, effect.timerId, effect.delayMs);
        break;
      case 'disarm':
        disarm(instance, effect.timerId);
        break;
      default:
        effect satisfies never;
    }
  }

  function arm(instance: Instance, timerId: number, delayMs: number): void {
    const armed = timers.get(instance) ?? new Map<number, () => void>();
    timers.set(instance, armed);
    const cancel = options.clock.after(delayMs, () => {
      armed.delete(timerId);
      instance.post({ type: 'timer', timerId });
    });
    armed.set(timerId, cancel);
  }

  function disarm(instance: Instance, timerId: number): void {
    const armed = timers.get(instance);
    armed?.get(timerId)?.();
    armed?.delete(timerId);
  }

  return { perform };
}

function spawn(instance: Instance, generation: number, options: InterpreterOptions): void {
  const { spec } = instance;
  const fds = openEnds(instance, generation);
  if (fds === null) return;
  const request = {
    process: spec.process,
    instanceEnv: instanceEnv(instance, options.homeRoot),
    stdoutFd: fds.out,
    stderrFd: fds.error,
  };
  const child = spawnProcess(request, {
    onFailed: (failure) => instance.post({ type: 'spawn_failed', generation, ...failure }),
    onExit: (code, signal) => {
      const { process } = instance;
      if (process?.generation === generation) options.deaths.onRootExit(instance, process, { code, signal });
    },
    onMessage: (message) => {
      if (message === 'ready') instance.post({ type: 'ready', generation });
    },
  });
  closeSync(fds.out);
  closeSync(fds.error);
  const identity = child?.pid === undefined ? null : identityOf(child.pid);
  if (child?.pid === undefined) return;
  if (identity === null) {
    // Nobody could tell it from a stranger later (no descriptor left to read /proc): better none than one nobody watches.
    child.kill('SIGKILL');
    const message = `process ${child.pid} could not be identified in /proc`;
    instance.post({ type: 'spawn_failed', generation, message, permanent: false });
    return;
  }
  const startedAtMs = options.clock.wallMs();
  const errorBytesBefore = instance.logs.account().error.bytes;
  instance.lastStartedAtMs = startedAtMs;
  instance.process = { generation, pid: child.pid, identity, child, startedAtMs, errorBytesBefore, exited: false };
  instance.post({ type: 'spawned', generation, pid: child.pid });
}

/** The write ends of the pipes; without them (no descriptors left, disk gone) nothing can be spawned. */
function openEnds(instance: Instance, generation: number): { readonly out: number; readonly error: number } | null {
  try {
    return instance.logs.openForSpawn();
  } catch (error) {
    const message = `cannot open the output pipes: ${error instanceof Error ? error.message : String(error)}`;
    instance.post({ type: 'spawn_failed', generation, message, permanent: false });
    return null;
  }
}

/** Asks the tree to go: by message where the app wants it so, else by signal, deepest first. */
function askToGo(instance: Instance, generation: number, options: InterpreterOptions): void {
  const { process } = instance;
  const { policy } = instance.spec;
  if (policy.shutdownWithMessage && process?.generation === generation && !process.exited && process.child.connected) {
    process.child.send('shutdown', (error) => {
      // The channel closed under the message: the signal still says it.
      if (error !== null) send(instance, generation, policy.killSignal, options);
    });
    return;
  }
  send(instance, generation, policy.killSignal, options);
}

function send(instance: Instance, generation: number, signal: string, options: InterpreterOptions): void {
  const { process } = instance;
  if (process === null || process.generation !== generation) return;
  signalLiving(instance, process, signal, options.log);
  if (process.exited) options.deaths.awaitTree(instance, process);
}

function signalLiving(instance: Instance, process: LiveProcess, signal: string, log: DaemonLog): void {
  const sent = signalTree({ root: process.identity, signal, treekill: instance.spec.policy.treekill });
  if (sent.denied.length > 0) {
    log.warn({ id: instance.id, app: instance.spec.name, signal, pids: sent.denied }, 'signal not permitted');
  }
}
