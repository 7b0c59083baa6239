import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '../base/errors.ts';

const NEWLINE = 10;
const BLOCK_BYTES = 64 * 1024;
/** What is kept at most, whatever the length of the lines. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Reads the last lines of a file backwards, block by block, so that its size does not matter.
 * @param path absolute path
 * @param lines how many at most
 * @param uptoBytes reads as if the file ended here; the whole file by default
 * @returns lines without newlines, oldest first; an unfinished last line counts; none when there is no such file or it
 * is no regular file; older lines are left out when all would be more than 32 MiB
 * @throws the error of open(2) or read(2), except ENOENT
 */
export async function tailFile(path: string, lines: number, uptoBytes = Number.POSITIVE_INFINITY): Promise<Buffer[]> {
  if (lines <= 0) return [];
  const handle = await openOrNull(path);
  if (handle === null) return [];
  try {
    const found = await handle.stat();
    if (!found.isFile()) return [];
    const end = Math.min(found.size, uptoBytes);
    return lastLines(await readBackwards(handle, end, lines), lines);
  } finally {
    await handle.close();
  }
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    // O_NONBLOCK: a named pipe under this name must not hold us.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

interface Tail {
  readonly bytes: Buffer;
  /** True when the first byte begins a line. */
  readonly whole: boolean;
}

/** Reads until there are more newlines than lines wanted: the one before the first line, and the one at the end. */
async function readBackwards(handle: FileHandle, end: number, lines: number): Promise<Tail> {
  const blocks: Buffer[] = [];
  let start = end;
  let newlines = 0;
  while (start > 0 && newlines <= lines && end - start < MAX_BYTES) {
    const from = Math.max(0, start - BLOCK_BYTES);
    const block = Buffer.allocUnsafe(start - from);
    const { bytesRead } = await handle.read(block, 0, block.length, from);
    // The file was truncated meanwhile: what was after this place is gone with it.
    if (bytesRead < block.length) blocks.length = 0;
    const part = block.subarray(0, bytesRead);
    newlines += countOf(part);
    blocks.push(part);
    start = from;
  }
  return { bytes: Buffer.concat(blocks.reverse()), whole: start === 0 };
}

function countOf(block: Buffer): number {
  let count = 0;
  for (let at = block.indexOf(NEWLINE); at !== -1; at = block.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function lastLines({ bytes, whole }: Tail, count: number): Buffer[] {
  const lines: Buffer[] = [];
  let end = bytes.at(-1) === NEWLINE ? bytes.length - 1 : bytes.length;
  while (lines.length < count && end >= 0 && bytes.length > 0) {
    const before = end === 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
    if (before === -1 && !whole && lines.length > 0) break;
    lines.push(bytes.subarray(before + 1, end));
    end = before;
  }
  return lines.reverse();
}
