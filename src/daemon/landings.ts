import type { Home } from '../base/paths.ts';
import { createLandings, LANDING_BYTES, LANDING_HEAD_BYTES, type Landings } from '../logs/landing.ts';
import { openSharedMemory, type SharedMemory } from '../os/shared-memory.ts';

/** The memory of a home that output is read to, from one daemon to the next. */
export interface LandingsOfHome {
  /** Made when first asked for: a daemon without apps needs none. Null where there is no such memory. */
  get(): Landings | null;
  /** All that another daemon has left was taken over. */
  settled(): void;
  /** Nothing is left to the next daemon. */
  remove(): void;
}

/**
 * Makes the landings of a home.
 * @param home whose they are
 * @param isWanted false: there are none
 */
export function createLandingsOfHome(home: Home, isWanted: boolean): LandingsOfHome {
  let memory: SharedMemory | null = null;
  let landings: Landings | null | undefined;
  let isSettled = false;

  function open(): Landings | null {
    memory = !isWanted ? null : openSharedMemory(home.root, LANDING_BYTES, LANDING_HEAD_BYTES);
    if (memory === null) return null;
    const opened = createLandings(memory);
    // What is there now is of nobody who is known.
    if (isSettled) opened.forget();
    return opened;
  }

  return {
    get() {
      if (landings === undefined) landings = open();
      return landings;
    },
    settled() {
      isSettled = true;
      landings?.forget();
    },
    remove() {
      memory?.remove();
    },
  };
}
