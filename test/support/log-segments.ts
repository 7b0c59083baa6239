import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { liveIndexPath, rolledPath, sideFolder } from '../../src/logs/segments.ts';

/** One file of a log, in the layout that rolling gives it. */
export interface MadeFile {
  readonly content: string | Buffer;
  /** Byte offsets of line starts and Unix nanoseconds; null for a file without an index. */
  readonly index?: readonly (readonly [offset: number, unixNs: bigint])[] | null;
  readonly kind?: 'plain' | 'gzip';
}

/**
 * Writes a log as rolling leaves it: numbered files with their indexes beside the live one.
 * @param live path of the live file
 * @param files oldest first; the last one is the live file
 * @param firstSeq number of the first
 */
export function writeLog(live: string, files: readonly MadeFile[], firstSeq = 1): void {
  mkdirSync(path.dirname(live), { recursive: true });
  if (files.length > 1 || files.some(({ index }) => index)) mkdirSync(sideFolder(live), { recursive: true });
  files.forEach(({ content, index = null, kind = 'plain' }, position) => {
    const seq = firstSeq + position;
    const isLive = position === files.length - 1;
    if (isLive) writeFileSync(live, content);
    else if (kind === 'gzip') writeFileSync(rolledPath(live, seq, '.log.gz'), gzipSync(content));
    else writeFileSync(rolledPath(live, seq, '.log'), content);
    if (index === null) return;
    writeFileSync(isLive ? liveIndexPath(live) : rolledPath(live, seq, '.idx'), indexBytes(seq, index));
  });
}

/**
 * The bytes of an index.
 * @param seq number of the file
 * @param entries offsets and Unix nanoseconds
 */
function indexBytes(seq: number, entries: readonly (readonly [number, bigint])[]): Buffer {
  const bytes = Buffer.alloc(16 + entries.length * 16);
  bytes.write('PMVX');
  bytes.writeUInt32LE(1, 4);
  bytes.writeBigUInt64LE(BigInt(seq), 8);
  entries.forEach(([offset, unixNs], position) => {
    bytes.writeBigUInt64LE(BigInt(offset), 16 + position * 16);
    bytes.writeBigUInt64LE(unixNs, 24 + position * 16);
  });
  return bytes;
}
