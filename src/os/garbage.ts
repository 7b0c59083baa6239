import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** With less the time is not worth it. */
const WORTH_BYTES = 2 * 1024 * 1024;
/** Without it pages stay that are mostly empty: V8 itself takes it for a process that is idle and has grown by 10 MB. */
const COMPACT = 'compact-on-every-full-gc';
/** As for a process that has run out of memory: pages that were emptied are not kept for later either. */
const ALL = { type: 'major', execution: 'sync', flavor: 'last-resort' };

/**
 * Makes what takes garbage away and moves together what is left, so that pages become free: V8 waits with it until
 * there is more. Nothing happens where less than 2 MB have been made since the last time.
 * @param usedBytes how much JavaScript has in use, garbage included
 * @param collect does it
 */
export function createCollector(usedBytes = ownUsedBytes, collect = collectOwn): () => void {
  let leftBytes = 0;
  return () => {
    if (usedBytes() < leftBytes + WORTH_BYTES) return;
    collect();
    leftBytes = usedBytes();
  };
}

function ownUsedBytes(): number {
  return getHeapStatistics().used_heap_size;
}

/** Node has no call for it, but in a context that is made under this flag. */
function collectOwn(): void {
  setFlagsFromString('--expose-gc');
  try {
    // Where a Node has it no more the garbage stays, and the daemon too.
    const collect: ((how?: typeof ALL) => void) | undefined = runInNewContext('globalThis.gc');
    if (collect === undefined) return;
    // There whatever is given means: young objects only.
    if (process.versions.node.startsWith('20.')) collectCompacting(collect);
    else collect(ALL);
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}

function collectCompacting(collect: () => void): void {
  setFlagsFromString(`--${COMPACT}`);
  try {
    collect();
  } finally {
    setFlagsFromString(`--no-${COMPACT}`);
  }
}
