/** Shorter windows show more of the kernel's 10 ms ticks than of the app: a 50 % burner measures 36 % over 100 ms. */
const SHORTEST_WINDOW_MS = 500;
/** Below this even a whole life says nothing. */
const SHORTEST_LIFE_MS = 100;

interface Look {
  readonly atMs: number;
  readonly cpuMs: number;
}

/** Mean cpu use since the previous look that is old enough to compare with. */
export interface CpuWindow {
  /**
   * @param look monotonic ms and cpu ms used so far
   * @returns 1 = one core, null when too young to tell
   */
  advance(look: Look): number | null;
}

/**
 * Opens a window at the start of a process.
 * @param start monotonic ms of the start and cpu ms used by then
 */
export function openCpuWindow(start: Look): CpuWindow {
  let older = start;
  let newest = start;
  return {
    advance(look) {
      const oldEnough = look.atMs - newest.atMs >= SHORTEST_WINDOW_MS;
      const base = oldEnough ? newest : older;
      if (oldEnough) {
        older = newest;
        newest = look;
      }
      const spanMs = look.atMs - base.atMs;
      return spanMs < SHORTEST_LIFE_MS ? null : Math.max(0, look.cpuMs - base.cpuMs) / spanMs;
    },
  };
}
