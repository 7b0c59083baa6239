import type { Cron } from 'croner';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { TriggersSpec, WatchSpec } from '../core/spec.ts';
import type { Watcher, WatchHandlers } from '../os/watch.ts';
import type { Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

/** The least time between two restarts by changed files. */
const WATCH_PAUSE_MS = 1_000;

export interface TriggersOptions {
  readonly ofApp: (key: string) => readonly Instance[];
  /** Told when a schedule or a changed file wants the instances of an app replaced. */
  readonly onTrigger: (instances: readonly Instance[], cause: 'cron' | 'watch') => void;
  readonly clock: Clock;
  readonly log: DaemonLog;
}

/** Schedules and file watches: one of each per app, however many instances it has. */
export interface Triggers {
  /** Makes what runs agree with the specs of an app; ends it when the app is gone. */
  reconcile(key: string): Promise<void>;
  /** Unix ms of the next scheduled restart, or null. */
  nextCronMs(key: string): number | null;
  close(): Promise<void>;
}

interface Active {
  /** The settings it was made from, to notice a change. */
  readonly made: string;
  readonly cron: Cron | null;
  readonly watcher: Watcher | null;
  readonly cancelDelay: () => void;
}

export function createTriggers(options: TriggersOptions): Triggers {
  const active = new Map<string, Active>();
  const queue = new Map<string, Promise<void>>();

  function fire(key: string, cause: 'cron' | 'watch', file: string | null): void {
    options.log.info({ app: key, cause, file }, 'restart triggered');
    options.onTrigger(options.ofApp(key), cause);
  }

  async function apply(key: string): Promise<void> {
    const wanted = options.ofApp(key)[0]?.spec.triggers ?? null;
    const made = JSON.stringify(wanted);
    const present = active.get(key);
    if (present?.made === made) return;
    active.delete(key);
    if (present !== undefined) await end(present);
    if (wanted !== null && (wanted.cron !== null || wanted.watch !== null)) {
      active.set(key, await begin(key, wanted, made));
    }
  }

  async function begin(key: string, wanted: TriggersSpec, made: string): Promise<Active> {
    const cron = wanted.cron === null ? null : await schedule(wanted.cron, () => fire(key, 'cron', null));
    let cancel: (() => void) | null = null;
    let notBeforeMs = 0;
    const onChange = (file: string) => {
      // A burst of saves is one restart, and an app that writes where it is watched is no hot loop.
      cancel?.();
      const waitMs = Math.max(wanted.watch?.delayMs ?? 0, notBeforeMs - options.clock.nowMs());
      cancel = options.clock.after(waitMs, () => {
        notBeforeMs = options.clock.nowMs() + WATCH_PAUSE_MS;
        fire(key, 'watch', file);
      });
    };
    const onProblem = (problem: string) => options.log.warn({ app: key, problem }, 'file watch');
    const watcher = wanted.watch === null ? null : await watchLazily(wanted.watch, { onChange, onProblem });
    return { made, cron, watcher, cancelDelay: () => cancel?.() };
  }

  return {
    reconcile(key) {
      const turn = (queue.get(key) ?? Promise.resolve()).then(() => apply(key));
      const settled = turn.catch((error: unknown) => {
        options.log.error({ app: key, problem: messageOf(error) }, 'schedule or file watch could not be set up');
      });
      queue.set(key, settled);
      return settled;
    },
    nextCronMs: (key) => active.get(key)?.cron?.nextRun()?.getTime() ?? null,
    async close() {
      await Promise.all([...active.values()].map(end));
      active.clear();
    },
  };
}

/** Most apps are not watched: chokidar is loaded for the first that is. */
async function watchLazily(watch: WatchSpec, handlers: WatchHandlers): Promise<Watcher> {
  const { watchFiles } = await import('../os/watch.ts');
  return watchFiles(watch, handlers);
}

async function schedule(cron: NonNullable<TriggersSpec['cron']>, run: () => void): Promise<Cron> {
  const { Cron: Schedule } = await import('croner');
  // PM2 7 takes "/10" and the like in old files.
  const timezone = cron.timezone === null ? {} : { timezone: cron.timezone };
  return new Schedule(cron.pattern, { ...timezone, sloppyRanges: true, unref: true }, run);
}

async function end({ cron, watcher, cancelDelay }: Active): Promise<void> {
  cron?.stop();
  cancelDelay();
  await watcher?.close();
}
