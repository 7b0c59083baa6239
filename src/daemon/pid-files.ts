import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { Transition } from '../core/states.ts';
import type { Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

/**
 * Keeps the pid file of an instance as PM2 does: there while a process runs, gone otherwise. A file that cannot be
 * written is reported and hinders nothing. Synchronous: a few bytes beside the pipes, where a promise costs thirty times as much.
 * @param instance after a transition
 * @param transition the change
 * @param log told of a file that cannot be written
 */
export function keepPidFile(instance: Instance, transition: Transition, log: DaemonLog): void {
  const { process, pidFile } = instance;
  try {
    if (transition.to === 'running' && process !== null) write(pidFile, String(process.pid));
    else if (transition.exit !== null && transition.to !== 'starting') rmSync(pidFile, { force: true });
  } catch (error) {
    log.warn({ id: instance.id, pidFile, problem: messageOf(error) }, 'pid file');
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
