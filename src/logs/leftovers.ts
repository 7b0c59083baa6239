import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { sideFolder } from './segments.ts';

/** Names that we make in a side folder, and nothing else is ever deleted there. */
const OURS = /^(\d{9,15})\.(log|log\.gz|log\.zst|log\.gz\.tmp|log\.zst\.tmp|idx)$/;

/**
 * Deletes what a daemon that was killed left behind: half compressed files, plain files that are compressed already,
 * indexes of files that are gone.
 * @param live absolute path of the log file
 * @param busy number of the file that is being compressed, or null
 */
export async function removeLeftovers(live: string, busy: number | null): Promise<void> {
  const folder = sideFolder(live);
  const endings = endingsBySeq(folder);
  const newest = Math.max(0, ...endings.keys());
  for (const [seq, found] of endings) {
    if (seq === busy) continue;
    for (const ending of leftOf(found, seq === newest)) {
      await rm(path.join(folder, `${String(seq).padStart(9, '0')}.${ending}`), { force: true });
    }
  }
}

function leftOf(found: ReadonlySet<string>, isNewest: boolean): string[] {
  const isPacked = found.has('log.gz') || found.has('log.zst');
  return [...found].filter((ending) => {
    if (ending.endsWith('.tmp')) return true;
    if (ending === 'log') return isPacked;
    // That of the newest may be on its way: a roll has two steps. It also keeps the count of numbers.
    return ending === 'idx' && !isNewest && !isPacked && !found.has('log');
  });
}

function endingsBySeq(folder: string): ReadonlyMap<number, ReadonlySet<string>> {
  const endings = new Map<number, Set<string>>();
  for (const name of namesIn(folder)) {
    const [, digits, ending] = OURS.exec(name) ?? [];
    if (digits === undefined || ending === undefined) continue;
    const seq = Number(digits);
    endings.set(seq, (endings.get(seq) ?? new Set()).add(ending));
  }
  return endings;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
