import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Transform } from 'node:stream';
import { errnoOf, PromvisorError } from '../../base/errors.ts';
import { listSegments, liveIndexPath, rolledPath, type Segment } from '../segments.ts';
import { type IndexFile, openIndex } from './index-file.ts';

/** Some bytes of a file, as they were before compression. */
export interface Chunk {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** One file of a log, opened. */
export interface SegmentFile {
  readonly seq: number;
  /** Null for a compressed file: nobody knows before it was read. */
  readonly sizeBytes: number | null;
  /** When it was last written to: the time of lines that have no other. */
  readonly mtimeNs: bigint;
  readonly index: IndexFile | null;
  /** Bytes of a file that is not compressed; fewer at its end. */
  readAt(from: number, to: number): Buffer;
  /** Bytes in order, in memory of their own. A compressed file is unpacked from its begin. */
  chunks(from: number, to: number): AsyncGenerator<Chunk, void, void>;
  close(): void;
}

const BLOCK_BYTES = 256 * 1024;
const TRIES = 8;
const ROLLED_KINDS = [
  ['.log', 'plain'],
  ['.log.gz', 'gzip'],
  ['.log.zst', 'zstd'],
] as const;
/** O_NONBLOCK: a named pipe under the name of a log must not hold us. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Opens a file of a log by its number, wherever it is: it may be rolled, compressed or removed at any moment.
 * @param live path of the live file
 * @param seq number
 * @returns null when there is no such file any more
 * @throws the error of open(2), except ENOENT
 */
export function openSegment(live: string, seq: number): SegmentFile | null {
  for (let left = TRIES; left > 0; left--) {
    const rolled = openRolled(live, seq);
    if (rolled !== null) return rolled;
    if (!isLive(live, seq)) return openRolled(live, seq);
    const fd = openIfThere(live);
    if (fd === null) continue;
    // Between the look and the opening another file may have come under the name.
    if (isLive(live, seq)) return segmentFile({ seq, path: live, kind: 'live', indexPath: liveIndexPath(live) }, fd);
    closeSync(fd);
  }
  return null;
}

function openRolled(live: string, seq: number): SegmentFile | null {
  const indexPath = rolledPath(live, seq, '.idx');
  // In the order in which they follow each other: the compressed one is there before the plain one goes.
  for (const [ending, kind] of ROLLED_KINDS) {
    const file = rolledPath(live, seq, ending);
    const fd = openIfThere(file);
    if (fd !== null) return segmentFile({ seq, path: file, kind, indexPath }, fd);
  }
  return null;
}

function isLive(live: string, seq: number): boolean {
  const last = segmentsOf(live).at(-1);
  return last?.kind === 'live' && last.seq === seq;
}

/**
 * Lists the files of a log; no two have one number.
 * @param live path of the live file
 * @returns oldest first
 */
export function segmentsOf(live: string): readonly Segment[] {
  const segments = listSegments(live);
  const [before, last] = segments.slice(-2);
  // Just rolled: the index beside the live file is still that of the file before.
  if (before === undefined || last === undefined || last.seq > before.seq) return segments;
  return [...segments.slice(0, -1), { ...last, seq: before.seq + 1 }];
}

function openIfThere(file: string): number | null {
  try {
    return openSync(file, FLAGS);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw error;
  }
}

type Place = Pick<Segment, 'seq' | 'path' | 'kind' | 'indexPath'>;

function segmentFile({ seq, path: file, kind, indexPath }: Place, fd: number): SegmentFile {
  const packed = kind === 'gzip' || kind === 'zstd';
  const stats = fstatSync(fd, { bigint: true });
  const index = openIndex(indexPath, seq);
  const readAt = (from: number, to: number) => readFully(fd, from, to);
  return {
    seq,
    sizeBytes: packed ? null : Number(stats.size),
    mtimeNs: stats.mtimeNs,
    index,
    readAt,
    chunks: (from, to) => (packed ? unpacked({ file, kind }, from, to) : plain(readAt, from, to)),
    close() {
      closeSync(fd);
      index?.close();
    },
  };
}

function readFully(fd: number, from: number, to: number): Buffer {
  const buffer = Buffer.allocUnsafe(Math.max(0, to - from));
  let got = 0;
  while (got < buffer.length) {
    const bytes = readSync(fd, buffer, got, buffer.length - got, from + got);
    if (bytes === 0) break;
    got += bytes;
  }
  return buffer.subarray(0, got);
}

async function* plain(readAt: SegmentFile['readAt'], from: number, to: number): AsyncGenerator<Chunk, void, void> {
  for (let offset = from; offset < to; ) {
    const bytes = readAt(offset, Math.min(to, offset + BLOCK_BYTES));
    if (bytes.length === 0) return;
    yield { offset, bytes };
    offset += bytes.length;
  }
}

async function* unpacked(
  { file, kind }: Pick<Segment, 'kind'> & { readonly file: string },
  from: number,
  to: number,
): AsyncGenerator<Chunk, void, void> {
  if (from >= to) return;
  const unpack = await unpackerOf(file, kind);
  const source = createReadStream(file, { highWaterMark: BLOCK_BYTES });
  source.on('error', (error) => unpack.destroy(error));
  source.pipe(unpack);
  let offset = 0;
  try {
    for await (const part of unpack) {
      // A stream without encoding gives buffers.
      const bytes = part as Buffer;
      const wanted = bytes.subarray(Math.max(0, from - offset), Math.max(0, to - offset));
      if (wanted.length > 0) yield { offset: Math.max(offset, from), bytes: wanted };
      offset += bytes.length;
      if (offset >= to) return;
    }
  } catch (error) {
    // Removed since it was listed: as if it had never been.
    if (errnoOf(error) !== 'ENOENT') throw error;
  } finally {
    source.destroy();
    unpack.destroy();
  }
}

async function unpackerOf(file: string, kind: Segment['kind']): Promise<Transform> {
  const { default: zlib } = await import('node:zlib');
  const options = { chunkSize: BLOCK_BYTES };
  if (kind === 'gzip') return zlib.createGunzip(options);
  // From Node 22.15 on: https://nodejs.org/api/zlib.html
  if ('createZstdDecompress' in zlib && typeof zlib.createZstdDecompress === 'function') {
    return zlib.createZstdDecompress(options) as Transform;
  }
  throw new PromvisorError(
    'NOT_SUPPORTED',
    `${file}: expected Node 22.15 or newer to read zstd, got ${process.version}`,
  );
}
