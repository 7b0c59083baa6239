import { createReadStream } from 'node:fs';
import type { Readable, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Segment } from './segments.ts';

const NEWLINE = 10;

/**
 * Counts the lines of a rolled file, with bounded memory.
 * @param segment plain or compressed
 * @param fromBytes counts from this byte on, of the file as it was before compression
 * @returns newlines
 * @throws the error of the file system or of the decompression
 */
export async function countLines(segment: Segment, fromBytes: number): Promise<number> {
  let lines = 0;
  let offset = 0;
  for await (const piece of contentOf(segment)) {
    const block = piece as Buffer; // a stream without an encoding gives buffers
    const start = Math.max(0, fromBytes - offset);
    offset += block.length;
    for (let at = block.indexOf(NEWLINE, start); at !== -1; at = block.indexOf(NEWLINE, at + 1)) lines++;
  }
  return lines;
}

function contentOf({ path, kind }: Segment): Readable {
  const file = createReadStream(path);
  const decompress = decompressor(kind);
  if (decompress === null) return file;
  file.on('error', (error) => decompress.destroy(error));
  return file.pipe(decompress);
}

function decompressor(kind: Segment['kind']): Transform | null {
  if (kind === 'gzip') return zlib.createGunzip();
  if (kind !== 'zstd') return null;
  const zstd: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof zstd !== 'function') throw new Error('this Node has no zstd');
  return zstd() as Transform;
}
