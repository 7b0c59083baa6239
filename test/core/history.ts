import type { ExitStatus } from '../../src/core/exit.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import type { Command, Fact, InstanceState } from '../../src/core/states.ts';

export const FACT_KINDS = [
  'spawned',
  'spawn_failed',
  'ready',
  'exited',
  'tree_gone',
  'drained',
  'memory_exceeded',
  'timer',
] as const satisfies readonly Fact['type'][];

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
  /** From the word to drain until it says that it has, or null when it never does. */
  readonly drainMs: number | null;
}

/** What happens to the instance from outside. */
export type Act =
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'policy'; readonly policy: PolicySpec }
  | { readonly type: 'memory' }
  /** The daemon dies with all it was about to hear, and the next one goes on. */
  | { readonly type: 'crash' }
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
  readonly triggers: readonly { readonly afterMs: number; readonly command: Command }[];
}

/**
 * Makes a fact that does not belong to the moment.
 * @param state the instance now
 * @param kind type of the fact
 * @param off how far the generation or the timer is off, not 0
 */
export function staleFact(state: InstanceState, kind: Fact['type'], off: number): Fact {
  const generation = otherThan([state.generation, state.beside?.generation], state.generation + off, off);
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
    case 'drained':
    case 'tree_gone':
      return { type: kind, generation };
    case 'timer': {
      const armed = 'timerId' in state.phase ? state.phase.timerId : null;
      const timerId = otherThan([armed, state.beside?.timerId], (armed ?? state.timerSeq) + off, off);
      return { type: kind, timerId };
    }
    default:
      return kind satisfies never;
  }
}

/** The first number from `from` on, in the direction of `off`, that is none of the taken ones. */
function otherThan(taken: readonly (number | null | undefined)[], from: number, off: number): number {
  let other = from;
  while (taken.includes(other)) other += Math.sign(off);
  return other;
}
