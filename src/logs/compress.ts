import { createReadStream, createWriteStream } from 'node:fs';
import { chown, open, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import type { Clock } from '../base/clock.ts';
import type { Compression } from '../core/spec.ts';
import type { Segment } from './segments.ts';

const BLOCK_BYTES = 256 * 1024;
/** Between two blocks it rests for as long as the last one took: at most half of a core, and the disk is the apps'. */
const REST_RATIO = 1;

export interface CompressOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly compression: Exclude<Compression, 'none'>;
}

/**
 * Compresses a rolled file. At every moment there is the plain file or the whole compressed one: the latter gets its
 * name when it is on disk, and only then the plain one goes. What is left half made ends in `.tmp`.
 * @param segment a plain one
 * @param options how, and what ends it early
 * @throws the error of the file system, an AbortError; then the plain file is as it was
 */
export async function compressSegment({ path: plain }: Segment, options: CompressOptions): Promise<void> {
  const { stream, ending } = compressor(options.compression);
  const packed = `${plain}${ending}`;
  const half = `${packed}.tmp`;
  try {
    const { mode, uid, gid, atime, mtime } = await stat(plain);
    await rm(half, { force: true });
    const output = createWriteStream(half, { mode: mode & 0o777, flags: 'wx' });
    await pipeline(restful(plain, options), stream, output, { signal: options.signal });
    await chown(half, uid, gid).catch(() => {
      // Only root may give files away.
    });
    await utimes(half, atime, mtime);
    await sync(half);
    // Deleted meanwhile: then nobody wants the compressed one.
    await stat(plain);
    await rename(half, packed);
    await sync(path.dirname(plain));
    await rm(plain, { force: true });
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}

async function* restful(file: string, { clock, signal }: CompressOptions): AsyncGenerator<Buffer, void, void> {
  for await (const block of createReadStream(file, { highWaterMark: BLOCK_BYTES })) {
    const beganMs = clock.nowMs();
    yield block as Buffer; // a stream without an encoding gives buffers
    const restMs = Math.round((clock.nowMs() - beganMs) * REST_RATIO);
    if (restMs > 0) await rest(restMs, clock, signal);
  }
}

function rest(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
}

function compressor(wanted: CompressOptions['compression']): { readonly stream: Transform; readonly ending: string } {
  // There since Node 22.15; before, gzip does it.
  const zstd: unknown = Reflect.get(zlib, 'createZstdCompress');
  if (wanted === 'zstd' && typeof zstd === 'function') return { stream: zstd() as Transform, ending: '.zst' };
  return { stream: zlib.createGzip(), ending: '.gz' };
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
