/** A line and where it came from. */
export interface Merged<T> {
  /** Position of its log in the list. */
  readonly source: number;
  readonly item: T;
}

interface Cursor<T> {
  readonly source: number;
  readonly batches: AsyncIterator<readonly T[], void>;
  batch: readonly T[];
  at: number;
  unixNs: bigint;
}

const BATCH_ITEMS = 1024;

/**
 * Merges logs by time; each keeps its own order. Of each, one batch is in memory.
 * @param sources batches of lines, in the order of time within each
 * @returns lines of all in batches; of one time, those of the first source first
 */
export async function* mergeByTime<T extends { readonly unixNs: bigint }>(
  sources: readonly AsyncIterable<readonly T[], void>[],
): AsyncGenerator<readonly Merged<T>[], void, void> {
  const cursors: Cursor<T>[] = sources.map((batches, source) => {
    return { source, batches: batches[Symbol.asyncIterator](), batch: [], at: 0, unixNs: 0n };
  });
  try {
    const heap: Cursor<T>[] = [];
    for (const cursor of cursors) if (await refill(cursor)) push(heap, cursor);
    let out: Merged<T>[] = [];
    for (let first = heap[0]; first !== undefined; first = heap[0]) {
      const item = first.batch[first.at];
      if (item !== undefined) out.push({ source: first.source, item });
      first.at++;
      const more = first.at < first.batch.length;
      if (!more || out.length >= BATCH_ITEMS) {
        yield out;
        out = [];
      }
      if (more ? move(first) : await refill(first)) siftDown(heap);
      else popFirst(heap);
    }
  } finally {
    for (const { batches } of cursors) await batches.return?.();
  }
}

/** Takes the time of the line that the cursor is at. */
function move<T extends { readonly unixNs: bigint }>(cursor: Cursor<T>): boolean {
  const item = cursor.batch[cursor.at];
  if (item === undefined) return false;
  cursor.unixNs = item.unixNs;
  return true;
}

async function refill<T extends { readonly unixNs: bigint }>(cursor: Cursor<T>): Promise<boolean> {
  do {
    const { value, done } = await cursor.batches.next();
    if (done === true || value === undefined) return false;
    cursor.batch = value;
    cursor.at = 0;
  } while (!move(cursor));
  return true;
}

function comesBefore<T>(a: Cursor<T>, b: Cursor<T>): boolean {
  return a.unixNs === b.unixNs ? a.source < b.source : a.unixNs < b.unixNs;
}

function push<T>(heap: Cursor<T>[], cursor: Cursor<T>): void {
  let at = heap.length;
  heap.push(cursor);
  while (at > 0) {
    const up = (at - 1) >>> 1;
    const parent = heap[up];
    if (parent === undefined || !comesBefore(cursor, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = cursor;
}

function popFirst<T>(heap: Cursor<T>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  siftDown(heap);
}

/** Puts the first one to its place, after its time has changed. */
function siftDown<T>(heap: Cursor<T>[]): void {
  const [cursor] = heap;
  if (cursor === undefined) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const child = left !== undefined && right !== undefined && comesBefore(right, left) ? right : left;
    if (child === undefined || !comesBefore(child, cursor)) break;
    heap[at] = child;
    at = child === left ? 2 * at + 1 : 2 * at + 2;
  }
  heap[at] = cursor;
}
