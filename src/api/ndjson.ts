import { PromvisorError } from '../base/errors.ts';

/** A log line is cut at 256 KiB; as JSON text it can be six times that. */
const LINE_LIMIT_BYTES = 8 * 1024 * 1024;
const NEWLINE = 10;

/**
 * Cuts a byte stream into lines of JSON, wherever the chunks are split.
 * @param chunks byte chunks in order
 * @returns the parsed values, one per line; empty lines are passed over
 * @throws PromvisorError PROTOCOL for a line that is not JSON, is too long or has no end
 */
export async function* parseNdjson(chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown, void, void> {
  let parts: Buffer[] = [];
  let partsBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts);
      parts = [];
      partsBytes = 0;
      start = end + 1;
      if (line.length > 0) yield parseLine(line);
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      partsBytes += chunk.length - start;
      if (partsBytes > LINE_LIMIT_BYTES) {
        throw new PromvisorError('PROTOCOL', `the daemon sent a line longer than ${LINE_LIMIT_BYTES} bytes`);
      }
    }
  }
  if (partsBytes > 0) throw new PromvisorError('PROTOCOL', 'the daemon ended its answer in the middle of a line');
}

function parseLine(line: Buffer): unknown {
  const text = line.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PromvisorError('PROTOCOL', `the daemon sent a line that is not JSON: ${text.slice(0, 80)}`, { cause });
  }
}
