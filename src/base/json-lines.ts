const NEWLINE = 10;

export interface JsonLines {
  /** One value for each whole line, in order. */
  readonly values: readonly unknown[];
  /** Why nothing more can be understood of this stream, or null. What came before it is in `values`. */
  readonly broken: string | null;
}

/**
 * Cuts a byte stream into lines of JSON, wherever the chunks are split.
 * @param limit longest line in bytes; a function where it depends on what is waited for
 * @returns what takes the next chunk; once the stream is broken it stays so
 */
export function createJsonLineReader(limit: number | (() => number)): (chunk: Buffer) => JsonLines {
  let parts: Buffer[] = [];
  let partsBytes = 0;
  let broken: string | null = null;

  function keep(part: Buffer): void {
    parts.push(part);
    partsBytes += part.length;
    const limitBytes = typeof limit === 'number' ? limit : limit();
    if (partsBytes > limitBytes) broken = `a line longer than ${limitBytes} bytes`;
  }

  function parseKept(values: unknown[]): void {
    const [only] = parts;
    const text =
      parts.length === 1 && only !== undefined ? only.toString('utf8') : Buffer.concat(parts).toString('utf8');
    parts = [];
    partsBytes = 0;
    try {
      values.push(JSON.parse(text));
    } catch {
      broken = 'a line that is not JSON';
    }
  }

  return (chunk) => {
    const values: unknown[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1 && broken === null; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      if (broken === null) parseKept(values);
      start = end + 1;
    }
    if (broken === null && start < chunk.length) keep(chunk.subarray(start));
    if (broken !== null) parts = [];
    return { values, broken };
  };
}
