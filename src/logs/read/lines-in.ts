import type { Chunk } from './segment-file.ts';

/** A line of a file. */
export interface FileLine {
  /** Of its first byte. */
  readonly offset: number;
  /** Without its newline. */
  readonly bytes: Buffer;
}

/** What is shown of a line at most, so that a file of one endless line does not fill the memory. */
export const LONGEST_LINE_BYTES = 32 * 1024 * 1024;
const NEWLINE = 10;

/**
 * Cuts bytes into lines, however they come.
 * @param chunks in order, without gaps
 * @returns lines in batches; an unfinished last line counts; of a line above 32 MiB the begin
 */
export async function* linesIn(chunks: AsyncIterable<Chunk>): AsyncGenerator<readonly FileLine[], void, void> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let begunAt = 0;

  function keep(bytes: Buffer, offset: number): void {
    if (begunBytes === 0) begunAt = offset;
    const room = LONGEST_LINE_BYTES - begunBytes;
    if (room > 0) begun.push(bytes.length > room ? withoutTornEnd(bytes.subarray(0, room)) : bytes);
    begunBytes += bytes.length;
  }

  function finished(): FileLine {
    const line = { offset: begunAt, bytes: Buffer.concat(begun) };
    begun = [];
    begunBytes = 0;
    return line;
  }

  for await (const { offset, bytes } of chunks) {
    const lines: FileLine[] = [];
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      if (begunBytes === 0) lines.push({ offset: offset + from, bytes: bytes.subarray(from, at) });
      else {
        keep(bytes.subarray(from, at), offset + from);
        lines.push(finished());
      }
      from = at + 1;
    }
    if (from < bytes.length) keep(bytes.subarray(from), offset + from);
    if (lines.length > 0) yield lines;
  }
  if (begunBytes > 0) yield [finished()];
}

/** Takes the half of a character away that the end of a cut line may have: https://www.rfc-editor.org/rfc/rfc3629 */
function withoutTornEnd(bytes: Buffer): Buffer {
  let at = bytes.length - 1;
  while (at > 0 && at > bytes.length - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  const lead = bytes[at] ?? 0;
  return lead >= 0xc0 ? bytes.subarray(0, at) : bytes;
}
