import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { Transition } from '../core/states.ts';
import type { Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

/** So many files are written at once: a script reads the pid right after the start. */
const AT_ONCE = 8;
/**
 * A burst of starts has better use for the machine, and whoever asked for it wants the answer and the list: a hundred
 * files take 50 ms. The others are written once nothing has changed for so long.
 */
const QUIET_MS = 100;
/** With changes all the time they are written all the same. */
const LONGEST_MS = 2000;

export interface PidFiles {
  /** Takes note of a transition: the file follows at once, or in a burst within a moment. */
  follow(instance: Instance, transition: Transition): void;
  /** Removes the file of an instance that is deleted. */
  forget(instance: Instance): void;
  close(): void;
}

/**
 * Keeps the pid files as PM2 does: there while a process runs, gone otherwise. One that cannot be written is
 * reported and hinders nothing. Written synchronously: a promise costs thirty times as much.
 * @param clock for the delay
 * @param log told of a file that cannot be written
 */
export function createPidFiles(clock: Clock, log: DaemonLog): PidFiles {
  const changed = new Set<Instance>();
  let cancel: (() => void) | null = null;
  let firstMs = 0;
  let newestMs = 0;
  let written = 0;

  function arm(delayMs: number): void {
    cancel = clock.after(delayMs, () => {
      const nowMs = clock.nowMs();
      const waitMs = Math.min(newestMs + QUIET_MS, firstMs + LONGEST_MS) - nowMs;
      if (waitMs > 0) arm(waitMs);
      else flush();
    });
  }

  function flush(): void {
    cancel = null;
    written = 0;
    for (const instance of changed) keep(instance);
    changed.clear();
  }

  function keep(instance: Instance): void {
    const { state, process, pidFile } = instance;
    try {
      if (state.phase.status === 'running' && process !== null) write(pidFile, String(process.pid));
      else rmSync(pidFile, { force: true });
    } catch (error) {
      log.warn({ id: instance.id, pidFile, problem: messageOf(error) }, 'pid file');
    }
  }

  return {
    follow(instance, transition) {
      if (transition.beside) return;
      newestMs = clock.nowMs();
      if (written < AT_ONCE && !changed.has(instance)) {
        written++;
        keep(instance);
      } else changed.add(instance);
      if (cancel !== null) return;
      firstMs = newestMs;
      arm(QUIET_MS);
    },
    forget(instance) {
      changed.delete(instance);
      rmSync(instance.pidFile, { force: true });
    },
    close() {
      cancel?.();
      flush();
    },
  };
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
