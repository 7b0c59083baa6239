import type { ExitStatus } from '../../src/core/exit.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import type { Command, Fact, InstanceState } from '../../src/core/states.ts';

/** How one process behaves, from the spawn on. All times in virtual ms. */
export interface Fate {
  readonly spawn: 'ok' | 'temporary' | 'permanent';
  /** From the spawn effect until the process is there, or is known not to come. */
  readonly spawnMs: number;
  /** From then on until it dies by itself, or null. */
  readonly lifeMs: number | null;
  readonly exit: ExitStatus;
  /** From the signal until it goes, or null when it does not listen. */
  readonly leaveMs: number | null;
  /** From SIGKILL until it is gone: long for a process in uninterruptible sleep. */
  readonly killMs: number;
  /** A process that it leaves behind; null means none. */
  readonly child: { readonly leaveMs: number | null; readonly endMs: number | null } | null;
  readonly readyMs: number | null;
  readonly memoryMs: number | null;
}

/** What happens to the instance from outside. */
export type Act =
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'policy'; readonly policy: PolicySpec }
  | { readonly type: 'memory' }
  /** A fact that was taken before comes once more. */
  | { readonly type: 'echo'; readonly back: number }
  /** A fact of another generation, or a timer that is not armed. */
  | { readonly type: 'stale'; readonly kind: Fact['type']; readonly off: number };

export interface History {
  readonly policy: PolicySpec;
  readonly acts: readonly { readonly afterMs: number; readonly act: Act }[];
  /** The n-th generation has the n-th fate, round and round. */
  readonly fates: readonly Fate[];
  /** How late each fact comes, round and round. */
  readonly lagsMs: readonly number[];
  readonly jitters: readonly number[];
  /** True: timers fire even when they were put aside. */
  readonly firesDisarmed: boolean;
  /** The person's last word, and what cron and the watcher try after it. */
  readonly stopAfterMs: number;
  readonly triggers: readonly { readonly afterMs: number; readonly cause: 'cron' | 'watch' }[];
}

/**
 * Makes a fact that does not belong to the moment.
 * @param state the instance now
 * @param kind type of the fact
 * @param off how far the generation or the timer is off, not 0
 */
export function staleFact(state: InstanceState, kind: Fact['type'], off: number): Fact {
  const generation = state.generation + off;
  switch (kind) {
    case 'spawned':
      return { type: kind, generation, pid: 1_000 + generation };
    case 'spawn_failed':
      return { type: kind, generation, message: 'EAGAIN', permanent: off % 2 === 0 };
    case 'exited':
      return { type: kind, generation, exit: { code: 1, signal: null, hint: null }, leftovers: off % 2 === 0 };
    case 'memory_exceeded':
      return { type: kind, generation, rssBytes: 1 };
    case 'ready':
    case 'tree_gone':
      return { type: kind, generation };
    case 'timer': {
      const armed = 'timerId' in state.phase ? state.phase.timerId : null;
      return { type: kind, timerId: (armed ?? state.timerSeq) + off };
    }
    default:
      return kind satisfies never;
  }
}
