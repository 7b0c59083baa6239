import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, type Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Segment } from '../segments.ts';

/** The bytes of one file of a log, one after the other, as the app wrote them. */
export interface ByteSource {
  /** Inode of the file, to know it again under another name. */
  readonly inode: number;
  /**
   * Reads on.
   * @param into where to
   * @param at first byte to write there
   * @returns how many; 0 when there are no more for now
   */
  read(into: Buffer, at: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens a file of a log, compressed or not.
 * @param segment the file
 * @param offset byte of the uncompressed file to begin at
 * @throws Error of the system, or of a Node that cannot read the format
 */
export async function openByteSource({ path, kind }: Segment, offset: number): Promise<ByteSource> {
  const handle = await open(path, 'r');
  const inode = Number((await handle.stat()).ino);
  if (kind === 'live' || kind === 'plain') return plain(handle, inode, offset);
  await handle.close();
  return packed(unpack(path, kind), inode, offset);
}

function plain(handle: FileHandle, inode: number, offset: number): ByteSource {
  let position = offset;
  return {
    inode,
    async read(into, at) {
      const { bytesRead } = await handle.read(into, at, into.length - at, position);
      position += bytesRead;
      return bytesRead;
    },
    close: () => handle.close(),
  };
}

function unpack(path: string, kind: 'gzip' | 'zstd'): Readable {
  const decoder = kind === 'gzip' ? zlib.createGunzip() : createZstd(path);
  // What goes wrong is thrown where it is read.
  return pipeline(createReadStream(path), decoder, () => {});
}

/** Node has it from 22.15 on. */
function createZstd(path: string): Transform {
  const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => Transform };
  if (createZstdDecompress === undefined) throw new Error(`${path}: this Node (${process.version}) cannot read zstd`);
  return createZstdDecompress();
}

function packed(stream: Readable, inode: number, offset: number): ByteSource {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  let chunk: Buffer = Buffer.alloc(0);
  let used = 0;
  let toSkip = offset;

  async function more(): Promise<boolean> {
    const next = await chunks.next();
    if (next.done === true) return false;
    chunk = next.value;
    used = Math.min(toSkip, chunk.length);
    toSkip -= used;
    return true;
  }

  return {
    inode,
    async read(into, at) {
      while (used === chunk.length) if (!(await more())) return 0;
      const copied = chunk.copy(into, at, used);
      used += copied;
      return copied;
    },
    async close() {
      stream.destroy();
    },
  };
}
