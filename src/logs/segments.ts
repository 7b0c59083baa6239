import { readdirSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { readIndexEnd } from './time-index.ts';

/** One file of a log: the live one, which is appended to under the path that the user knows, or a rolled one. */
export interface Segment {
  /** Rises from file to file; that of the live file is the one it will have when it is rolled. */
  readonly seq: number;
  readonly path: string;
  readonly kind: 'live' | 'plain' | 'gzip' | 'zstd';
  /** On disk, without its index. */
  readonly bytes: number;
  /** Where the times of its lines are, if they are known. */
  readonly indexPath: string;
  /** When it was last written to, Unix milliseconds; compression keeps it. */
  readonly mtimeMs: number;
}

/** Nine digits, more once a billion files were rolled; nothing else in the folder is ours. */
const ROLLED = /^(\d{9,15})\.log(\.gz|\.zst)?$/;
const NUMBERED = /^(\d{9,15})\.(?:log|log\.gz|log\.zst|idx)$/;
const LOOKS = 3;

/**
 * Names the folder beside a log file, where its rolled files and indexes are.
 * @param live absolute path of the log file
 * @returns absolute path; it need not be there
 */
export function sideFolder(live: string): string {
  return `${live}.d`;
}

/**
 * Names the index of a live file.
 * @param live absolute path of the log file
 */
export function liveIndexPath(live: string): string {
  return path.join(sideFolder(live), 'live.idx');
}

/**
 * Names a rolled file or its index.
 * @param live absolute path of the log file
 * @param seq number of the file
 * @param ending `.log`, `.log.gz`, `.log.zst` or `.idx`
 */
export function rolledPath(live: string, seq: number, ending: '.log' | '.log.gz' | '.log.zst' | '.idx'): string {
  return path.join(sideFolder(live), `${String(seq).padStart(9, '0')}${ending}`);
}

/**
 * Lists the files of a log. Reads only; what vanishes meanwhile is left out.
 * @param live absolute path of the log file
 * @returns oldest first, the live file last when there is one that is a regular file
 */
export function listSegments(live: string): readonly Segment[] {
  for (let look = 1; ; look++) {
    const before = statOf(live);
    const rolled = listRolled(live);
    const after = statOf(live);
    // Rolled between the two looks: the file that was live is in neither list.
    if (before?.ino !== after?.ino && look < LOOKS) continue;
    if (after === null || !after.isFile()) return rolled;
    return [...rolled, liveSegment(live, after, rolled)];
  }
}

/**
 * Lists the rolled files of a log.
 * @param live absolute path of the log file
 * @returns oldest first
 */
export function listRolled(live: string): readonly Segment[] {
  const found = new Map<number, Segment>();
  for (const name of namesIn(sideFolder(live))) {
    const segment = rolledSegment(live, name);
    // Of a file and its compressed form, both whole, the one that is faster to read.
    if (segment !== null && (segment.kind === 'plain' || !found.has(segment.seq))) found.set(segment.seq, segment);
  }
  return [...found.values()].sort((a, b) => a.seq - b.seq);
}

/**
 * Finds the number that the live file will have when it is rolled: never one that was used before.
 * @param live absolute path of the log file
 * @returns at least 1
 */
export function nextSeq(live: string): number {
  const numbers = namesIn(sideFolder(live)).map((name) => Number(NUMBERED.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers, (readIndexEnd(liveIndexPath(live))?.seq ?? 1) - 1) + 1;
}

function rolledSegment(live: string, name: string): Segment | null {
  const [, digits, packed] = ROLLED.exec(name) ?? [];
  if (digits === undefined) return null;
  const file = path.join(sideFolder(live), name);
  const stats = statOf(file);
  if (stats === null || !stats.isFile()) return null;
  const seq = Number(digits);
  const { size: bytes, mtimeMs } = stats;
  return { seq, path: file, kind: kindOf(packed), bytes, indexPath: rolledPath(live, seq, '.idx'), mtimeMs };
}

function kindOf(packed: string | undefined): Segment['kind'] {
  if (packed === undefined) return 'plain';
  return packed === '.gz' ? 'gzip' : 'zstd';
}

function liveSegment(live: string, { size: bytes, mtimeMs }: Stats, rolled: readonly Segment[]): Segment {
  const indexPath = liveIndexPath(live);
  const seq = readIndexEnd(indexPath)?.seq ?? (rolled.at(-1)?.seq ?? 0) + 1;
  return { seq, path: live, kind: 'live', bytes, indexPath, mtimeMs };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function statOf(file: string): Stats | null {
  try {
    return statSync(file, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
