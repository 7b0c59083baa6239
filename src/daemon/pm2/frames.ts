/** The only version of the framing that PM2 ever spoke. */
const VERSION = 1;
const LENGTH_BYTES = 4;

/** A message on PM2's sockets: up to 15 arguments, each `s:` text, `j:` JSON, or raw bytes. */
export type Frame = readonly Buffer[];

export interface FrameReader {
  /**
   * Takes what came.
   * @param chunk of the connection
   * @returns the messages that are whole now
   * @throws RangeError for what is no message, and for one beyond the limit: the connection is of no use any more
   */
  read(chunk: Buffer): readonly Frame[];
}

/**
 * Reads messages of PM2's sockets: a byte with version and number of arguments, then each argument behind its length
 * of four bytes, big end first.
 * @param limitBytes of a message
 * @returns the reader of one connection
 */
export function createFrameReader(limitBytes: number): FrameReader {
  let chunks: Buffer[] = [];
  let length = 0;
  /** Before so many bytes are there, nothing can be said. */
  let needed = 1;

  function next(bytes: Buffer): { readonly frame: Frame; readonly end: number } | null {
    const head = bytes[0] ?? 0;
    if (head >> 4 !== VERSION) throw new RangeError(`expected a message of version ${VERSION}, got byte ${head}`);
    const frame: Buffer[] = [];
    let at = 1;
    for (let left = head & 0x0f; left > 0; left--) {
      needed = at + LENGTH_BYTES;
      if (bytes.length < needed) return null;
      const end = needed + bytes.readUInt32BE(at);
      if (end > limitBytes) throw new RangeError(`expected a message of at most ${limitBytes} bytes, got ${end}`);
      frame.push(bytes.subarray(needed, end));
      needed = end;
      if (bytes.length < end) return null;
      at = end;
    }
    return { frame, end: at };
  }

  return {
    read(chunk) {
      chunks.push(chunk);
      length += chunk.length;
      const frames: Frame[] = [];
      while (length >= needed) {
        const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
        const found = next(bytes);
        if (found !== null) {
          frames.push(found.frame);
          needed = 1;
        }
        const rest = found === null ? bytes : bytes.subarray(found.end);
        chunks = [rest];
        length = rest.length;
      }
      return frames;
    },
  };
}

/**
 * Makes a message.
 * @param args at most 15, encoded by `textArgument` or `jsonArgument`, or as they came
 */
export function frameOf(args: Frame): Buffer {
  const parts: Buffer[] = [Buffer.of((VERSION << 4) | args.length)];
  for (const arg of args) {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(arg.length);
    parts.push(length, arg);
  }
  return Buffer.concat(parts);
}

/** An argument of text. */
export function textArgument(text: string): Buffer {
  return Buffer.from(`s:${text}`);
}

/** An argument of JSON that is text already. */
export function jsonArgument(json: string): Buffer {
  return Buffer.from(`j:${json}`);
}

/**
 * Reads an argument of JSON.
 * @param argument as it came
 * @returns the value; undefined when it is something else
 */
export function jsonOf(argument: Buffer | undefined): unknown {
  if (argument === undefined || argument.toString('latin1', 0, 2) !== 'j:') return undefined;
  try {
    return JSON.parse(argument.toString('utf8', 2));
  } catch {
    return undefined;
  }
}
