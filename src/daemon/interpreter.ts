import type { Effect } from '../core/states.ts';
import { signalTree } from '../os/process-tree.ts';
import type { Agents } from './agents.ts';
import type { Bus } from './bus.ts';
import { type Instance, type LiveProcess, specOf } from './instance.ts';
import { type LaunchOptions, launch } from './launch.ts';
import type { DaemonLog } from './own-log.ts';

export interface InterpreterOptions extends LaunchOptions {
  readonly bus: Bus;
  readonly agents: Agents;
  readonly log: DaemonLog;
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
        launch(instance, effect.generation, options);
        break;
      case 'drain':
        drain(instance, effect.generation, options);
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

/** The process finishes what it serves, if its agent can be asked; the machine goes on when it did or cannot. */
function drain(instance: Instance, generation: number, { agents }: InterpreterOptions): void {
  const process = instance.processes.get(generation);
  const drained = () => instance.post({ type: 'drained', generation });
  if (process === undefined || process.exited) {
    queueMicrotask(drained);
    return;
  }
  const deadlineMs = specOf(instance, generation).policy.killTimeoutMs;
  void agents.drain(process, deadlineMs).then(drained);
}

/** Asks the tree to go: by message where the app wants it so, else by signal, deepest first. */
function askToGo(instance: Instance, generation: number, options: InterpreterOptions): void {
  const process = instance.processes.get(generation);
  const { policy } = instance.spec;
  const bySignal = () => send(instance, generation, policy.killSignal, options);
  if (policy.shutdownWithMessage && process !== undefined && !process.exited) {
    // Where the message does not get through the signal still says it.
    process.send('shutdown', bySignal);
  } else bySignal();
}

function send(instance: Instance, generation: number, signal: string, options: InterpreterOptions): void {
  const process = instance.processes.get(generation);
  if (process === undefined) return;
  signalLiving(instance, process, signal, options.log);
  if (process.exited) options.deaths.awaitTree(instance, process);
}

function signalLiving(instance: Instance, process: LiveProcess, signal: string, log: DaemonLog): void {
  const sent = signalTree({ root: process.identity, signal, treekill: instance.spec.policy.treekill });
  if (sent.denied.length > 0) {
    log.warn({ id: instance.id, app: instance.spec.name, signal, pids: sent.denied }, 'signal not permitted');
  }
}
