import type { Status, Transition } from '../../core/states.ts';

/** An event of PM2's bus, of the topic `process:event`. */
export interface ProcessEvent {
  readonly event: 'start' | 'online' | 'restart' | 'reload' | 'restart overlimit' | 'exit' | 'stop' | 'delete';
  /** True where a person or a program asked for it. */
  readonly manually: boolean;
}

export interface EventTeller {
  /** What PM2 would say of a transition, in its order. */
  of(id: number, transition: Transition): readonly ProcessEvent[];
  /** Forgets an instance that is gone. */
  forget(id: number): void;
}

type Wish = ProcessEvent & { readonly event: 'start' | 'restart' | 'reload' };

const DOWN: readonly Status[] = ['stopped', 'exited', 'fatal'];

/**
 * Says transitions in PM2's words: `exit` and `online` for every process, and after them what somebody wanted. A
 * restart after a crash is `exit` and `online` alone, as with PM2.
 * @returns remembers, per instance, what is under way
 */
export function createEventTeller(): EventTeller {
  const wishes = new Map<number, Wish>();

  function arrived(id: number, reload: Wish | null): readonly ProcessEvent[] {
    const wish = reload ?? wishes.get(id);
    wishes.delete(id);
    const online: ProcessEvent = { event: 'online', manually: false };
    return wish === undefined ? [online] : [online, wish];
  }

  return {
    of(id, transition) {
      const { from, to, beside, exit, cause } = transition;
      const exits: readonly ProcessEvent[] = exit === null ? [] : [{ event: 'exit', manually: false }];
      if (beside) return exits;
      const wish = wishOf(transition);
      if (wish !== null) wishes.set(id, wish);
      if (to === 'running') {
        // From itself: the replacement of a reload is the main process now.
        return [
          ...exits,
          ...arrived(id, from === 'running' ? { event: 'reload', manually: cause === 'requested' } : null),
        ];
      }
      if (!DOWN.includes(to)) return exits;
      wishes.delete(id);
      if (to === 'fatal') return [{ event: 'restart overlimit', manually: false }, ...exits];
      return to === 'stopped' ? [...exits, { event: 'stop', manually: true }] : exits;
    },
    forget: (id) => void wishes.delete(id),
  };
}

/** What somebody asked for with it, null for what came by itself. */
function wishOf({ from, event, cause }: Transition): Wish | null {
  const manually = cause === null || cause === 'requested';
  switch (event) {
    case 'start':
      return { event, manually: true };
    case 'restart':
      return { event, manually };
    case 'reload':
      return DOWN.includes(from) ? { event, manually } : null;
    case 'memory_exceeded':
      return { event: 'restart', manually: false };
    default:
      return null;
  }
}
