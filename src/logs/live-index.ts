import { existsSync, renameSync } from 'node:fs';
import { liveIndexPath, nextSeq, rolledPath } from './segments.ts';
import { createTimeIndexWriter, readIndexEnd, type TimeIndexWriter } from './time-index.ts';

/** The index of a live file, over all files that have its name one after the other. */
export interface LiveIndex {
  /** A file was opened under the name. */
  opened(file: OpenedFile): void;
  /** Lines will be written from this offset on, at this time (Unix ms). */
  note(offset: number, wallMs: number): void;
  /** Number that the file will have when it is rolled. */
  seq(): number;
  /** The file is no longer written to. */
  close(): void;
}

export interface OpenedFile {
  readonly inode: number;
  readonly sizeBytes: number;
  /** What was in the file when it was open last; less than that is another content. */
  readonly leastBytes: number;
}

const NS_PER_MS = 1_000_000n;
/** As of the index itself: asked here first, in plain numbers, as it is asked for every write. */
const EVERY_BYTES = 64 * 1024;
const EVERY_MS = 50;
/** What may have been noted and not written when the daemon was killed. */
const UNWRITTEN_BYTES = 2 * 1024 * 1024;

/**
 * Makes the index of a live file; nothing is read or written before it is opened.
 * @param live absolute path of the log file
 * @returns the index
 */
export function createLiveIndex(live: string): LiveIndex {
  const file = liveIndexPath(live);
  let writer: TimeIndexWriter | null = null;
  let inode: number | null = null;
  let notedBytes = Number.NaN;
  let notedMs = Number.NaN;

  function close(): void {
    writer?.close();
    writer = null;
    notedBytes = Number.NaN;
  }

  return {
    opened(opened) {
      close();
      writer = createTimeIndexWriter(file, seqFor(live, opened, inode));
      inode = opened.inode;
    },
    note(offset, wallMs) {
      const isFar = !(offset - notedBytes < EVERY_BYTES) || !(wallMs - notedMs < EVERY_MS) || offset < notedBytes;
      if (!isFar || writer === null) return;
      notedBytes = offset;
      notedMs = wallMs;
      writer.note(offset, BigInt(Math.round(wallMs)) * NS_PER_MS);
    },
    seq: () => writer?.seq ?? nextSeq(live),
    close,
  };
}

/**
 * The number that goes with what is in the file. That of a content which another one replaced is not used again:
 * readers know a place by number and offset.
 */
function seqFor(live: string, opened: OpenedFile, inodeBefore: number | null): number {
  finishMove(live);
  const index = readIndexEnd(liveIndexPath(live));
  const seq = nextSeq(live);
  if (index === null || index.seq !== seq || index.last === null) return seq;
  return isReplaced(opened, inodeBefore, index.last.offset) ? seq + 1 : seq;
}

function isReplaced(opened: OpenedFile, inodeBefore: number | null, indexedBytes: number): boolean {
  const { inode, sizeBytes, leastBytes } = opened;
  if (inodeBefore !== null) return inode !== inodeBefore || sizeBytes < leastBytes;
  return indexedBytes > sizeBytes + UNWRITTEN_BYTES || (sizeBytes === 0 && indexedBytes > 0);
}

/** A daemon that died between the two steps of a roll left the index of the rolled file behind. */
function finishMove(live: string): void {
  const index = readIndexEnd(liveIndexPath(live));
  if (index === null || !existsSync(rolledPath(live, index.seq, '.log'))) return;
  if (existsSync(rolledPath(live, index.seq, '.idx'))) return;
  try {
    renameSync(liveIndexPath(live), rolledPath(live, index.seq, '.idx'));
  } catch {
    // The index is begun anew: times are lost, no lines.
  }
}
