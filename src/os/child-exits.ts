import { channel } from 'node:diagnostics_channel';
import { constants } from 'node:os';
import type { Libc } from './libc.ts';

/** As ChildProcess tells it. */
export type OnExit = (code: number | null, signal: NodeJS.Signals | null) => void;

/** Waits for children that Node does not know of. */
export interface ChildExits {
  /** To be called before a child is made: whatever ends from then on is seen. */
  listen(): void;
  /** Calls back once, in a later turn of the event loop. */
  watch(pid: number, onExit: OnExit): void;
  /** True until the child was waited for: its pid is nobody else's so long. */
  has(pid: number): boolean;
}

interface Ended {
  readonly onExit: OnExit;
  /** As wait(2) gives it; null when somebody else has waited for it. */
  readonly status: number | null;
}

/** Each child that was waited for here is published, in the same turn of the event loop. */
export const WAITED_CHANNEL = 'promvisor.child.waited';

const waited = channel(WAITED_CHANNEL);
const WNOHANG = 1;
/** One is used; so small an array would be made within V8's heap, where things move. */
const STATUS_INTS = 32;
/** Bits of a status: wait(2), WTERMSIG and WEXITSTATUS. */
const SIGNAL_MASK = 0x7f;
const CODE_SHIFT = 8;
const CODE_MASK = 0xff;

/** The first name counts where a signal has two, as in Node: SIGABRT, not SIGIOT. */
const NAMES = new Map<number, NodeJS.Signals>();
for (const [name, number] of Object.entries(constants.signals)) {
  if (!NAMES.has(number)) NAMES.set(number, name as NodeJS.Signals); // its keys are the names of signals
}

/**
 * Makes a watch over children by SIGCHLD. Each child is asked for by its pid, as one wait for all would take the exits
 * of Node's own children away from Node; several ends may be one signal, so each living child is asked for.
 * @param libc the C library
 * @returns the watch; without children it does nothing
 * @throws where the library has no waitpid
 */
export function openChildExits(libc: Libc): ChildExits {
  const waitpid = libc.func('int waitpid(int, void*, int)');
  const status = new Int32Array(STATUS_INTS);
  const living = new Map<number, OnExit>();
  let listens = false;

  function onSignal(): void {
    // All are waited for before the first is told of, as it is with Node's own.
    for (const ended of reap()) {
      waited.publish(undefined);
      tell(ended);
    }
  }

  function reap(): readonly Ended[] {
    const all: Ended[] = [];
    for (const [pid, onExit] of living) {
      const found = waitpid(pid, status, WNOHANG);
      if (found === 0) continue;
      living.delete(pid);
      all.push({ onExit, status: found === pid ? (status[0] ?? null) : null });
    }
    return all;
  }

  return {
    listen() {
      if (listens) return;
      listens = true;
      process.on('SIGCHLD', onSignal);
    },
    watch: (pid, onExit) => void living.set(pid, onExit),
    has: (pid) => living.has(pid),
  };
}

function tell({ onExit, status }: Ended): void {
  const signal = status === null ? undefined : NAMES.get(status & SIGNAL_MASK);
  // Node has no names for real-time signals: an end by one is code 0 there, and here.
  const code = status === null || signal !== undefined ? null : (status >> CODE_SHIFT) & CODE_MASK;
  onExit(code, signal ?? null);
}
