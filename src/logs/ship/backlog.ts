import { listSegments, type Segment } from '../segments.ts';
import { stampOf } from './checkpoint.ts';
import { openIndexCursor } from './index-cursor.ts';
import type { Lane, ShipFile } from './lane.ts';

/**
 * Looks how much of a stream is not shipped yet.
 * @param lane the stream; its figures are set
 * @param wallMs Unix time in milliseconds
 * @returns true when there is something
 */
export function lookAtLane(lane: Lane, wallMs: number): boolean {
  let oldestMs: number | null = null;
  for (const file of lane.files) {
    const stamp = stampOf(file.source.live);
    if (stamp === file.quiet) continue;
    const segments = listSegments(file.source.live);
    file.pendingBytes = pendingBytes(segments, file);
    file.quiet = file.pendingBytes === 0 ? stamp : '';
    if (file.pendingBytes === 0 || lane.turn !== null) continue;
    const atMs = timeAt(segments, file) ?? wallMs;
    if (oldestMs === null || atMs < oldestMs) oldestMs = atMs;
  }
  const pending = lane.files.some((file) => file.pendingBytes > 0);
  // While it is shipped the batch knows better.
  if (lane.turn === null) lane.oldestMs = pending ? oldestMs : null;
  return pending;
}

/** On disk: a compressed file counts whole until it is read to its end. */
function pendingBytes(segments: readonly Segment[], { position }: ShipFile): number {
  const newest = segments.at(-1);
  // The numbers began anew.
  const seq = newest !== undefined && newest.seq < position.seq ? 0 : position.seq;
  let bytes = 0;
  for (const segment of segments) {
    if (segment.seq > seq) bytes += segment.bytes;
    else if (segment.seq === seq) bytes += restOf(segment, position.offset);
  }
  return bytes;
}

function restOf({ kind, bytes }: Segment, offset: number): number {
  if (kind === 'gzip' || kind === 'zstd') return bytes;
  // Shorter than what was shipped of it: it was emptied.
  return bytes >= offset ? bytes - offset : bytes;
}

/** When the first line that is not shipped was written, Unix milliseconds; null when its index does not tell. */
function timeAt(segments: readonly Segment[], { position }: ShipFile): number | null {
  for (const segment of segments) {
    if (segment.seq < position.seq || (segment.seq === position.seq && segment.bytes <= position.offset)) continue;
    const index = openIndexCursor(segment.indexPath);
    try {
      index.goTo(segment.seq === position.seq ? position.offset : 0);
      const entry = index.entry() ?? index.first();
      return entry === null ? segment.mtimeMs : Number(entry.unixNs / 1_000_000n);
    } finally {
      index.close();
    }
  }
  return null;
}
