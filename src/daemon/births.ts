import { existsSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { goneIdentity, identityOf } from '../os/identity.ts';
import type { Instance, LiveProcess } from './instance.ts';

export interface Birth {
  readonly generation: number;
  readonly pid: number;
  readonly send: LiveProcess['send'];
  /**
   * SIGKILL by its parent, for a process that nobody could tell from a stranger later. Null where another process is
   * the parent: then it may have ended already, and its end is still to be told.
   */
  readonly kill: (() => void) | null;
}

/**
 * Takes a new process into the instance and tells the machine.
 * @param instance whose process it is
 * @param birth the process
 * @param clock for the time of its start
 * @returns the process, or null when it could not be identified (then the machine was told that the spawn failed)
 */
export function born(instance: Instance, { generation, pid, send, kill }: Birth, clock: Clock): LiveProcess | null {
  const identity = identityOf(pid) ?? (kill === null && !existsSync(`/proc/${pid}`) ? goneIdentity(pid) : null);
  if (identity === null) {
    // No descriptor left to read /proc, or it ended already: better none than one nobody watches.
    kill?.();
    instance.logs.drain(generation);
    const message = `process ${pid} could not be identified in /proc`;
    instance.post({ type: 'spawn_failed', generation, message, permanent: false });
    return null;
  }
  const startedAtMs = clock.wallMs();
  const { id } = instance;
  const process: LiveProcess = {
    id,
    generation,
    pid,
    identity,
    startedAtMs,
    send,
    adopted: false,
    listening: false,
    exited: false,
  };
  instance.processes.set(generation, process);
  if (generation === instance.state.generation) {
    instance.process = process;
    instance.lastStartedAtMs = startedAtMs;
  }
  instance.post({ type: 'spawned', generation, pid });
  return process;
}
