import { stat } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { errnoOf } from '../base/errors.ts';
import type { Appender } from './appender.ts';

/** How often a file in use is looked for under its name. */
const LOOK_MS = 1000;

/** Finds out whether a name still means the file that is open: others rotate, empty and remove log files. */
export interface NameWatch {
  /**
   * Looks, when the last look is long enough ago.
   * @param appender the file that is open
   * @param leastBytes how long it is at least
   * @param onLost told when it is another file, a shorter one, or none: then `isGone`
   */
  look(appender: Appender, leastBytes: number, onLost: (isGone: boolean) => void): void;
}

/**
 * Makes the watch of a name.
 * @param file absolute path
 * @param clock for the time between two looks
 */
export function createNameWatch(file: string, clock: Clock): NameWatch {
  let lookedAtMs = clock.nowMs();
  return {
    look(appender, leastBytes, onLost) {
      const nowMs = clock.nowMs();
      if (nowMs - lookedAtMs < LOOK_MS) return;
      lookedAtMs = nowMs;
      stat(file, (error, found) => {
        if (errnoOf(error) === 'ENOENT') onLost(true);
        if (error !== null) return;
        const isShorter = appender.isRegular && found.size < leastBytes;
        if (found.ino !== appender.inode || isShorter) onLost(false);
      });
    },
  };
}
