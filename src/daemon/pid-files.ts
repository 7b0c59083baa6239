import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

/**
 * Keeps the pid file of an instance as PM2 does: there while a process runs, gone otherwise. A file that cannot be
 * written is reported and hinders nothing.
 * @param instance after a transition
 * @param log told of a file that cannot be written
 */
export function keepPidFile(instance: Instance, log: DaemonLog): void {
  const { process, pidFile } = instance;
  const pid = process === null || process.exited ? null : process.pid;
  const done = pid === null ? rm(pidFile, { force: true }) : write(pidFile, pid);
  done.catch((error: unknown) => log.warn({ id: instance.id, pidFile, problem: messageOf(error) }, 'pid file'));
}

async function write(file: string, pid: number): Promise<void> {
  const text = String(pid);
  try {
    await writeFile(file, text);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
