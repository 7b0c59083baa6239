/** A piece of what is written to a stream. */
export interface Chunk {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding | 'buffer';
}

/** What process.stdout and process.stderr keep to themselves where they are pipes, the same from Node 20 to 24. */
export interface PipeStream {
  readonly _type?: string;
  readonly _handle?: PipeHandle | null;
  readonly _writableState: { getBuffer(): readonly Chunk[] };
  _write(chunk: Chunk['chunk'], encoding: Chunk['encoding'], done: Done): void;
  _writev(chunks: readonly Chunk[], done: Done): void;
}

interface PipeHandle {
  /** Bytes that libuv was given and the pipe has not taken. */
  readonly writeQueueSize?: number;
  setBlocking?(on: boolean): number;
}

type Done = (error?: Error | null) => void;

/** A chunk of this length is let go as soon as it is written; to let go of each would cost more than it frees. */
const LARGE = 65_536;
/** Bytes gathered for one write. */
const BLOCK_BYTES = 65_536;

/** A pipe that the app prints to. */
export interface Output {
  readonly handle: PipeHandle | null;
  /** What was printed and the pipe has not taken, in blocks for one write each. */
  unwritten(): Generator<Buffer>;
}

/**
 * Follows what an asynchronous pipe is given. Only one write is under way at a time, so what libuv has not written yet
 * is the end of what the stream handed down last; the rest waits in the buffer of the stream.
 * @param stream process.stdout or process.stderr
 * @returns the output
 */
export function followOutput(stream: PipeStream): Output {
  let handedDown: readonly Chunk[] = [];
  const { _write, _writev } = stream;
  const letGoAfter =
    (done: Done): Done =>
    (error) => {
      handedDown = [];
      done(error);
    };
  stream._write = function write(chunk, encoding, done) {
    handedDown = [{ chunk, encoding }];
    _write.call(this, chunk, encoding, chunk.length < LARGE ? done : letGoAfter(done));
  };
  stream._writev = function writev(chunks, done) {
    handedDown = chunks;
    _writev.call(this, chunks, letGoAfter(done));
  };
  return {
    get handle() {
      return stream._handle ?? null;
    },
    *unwritten() {
      const total = handedDown.reduce((sum, { chunk, encoding }) => sum + byteLength(chunk, encoding), 0);
      const taken = total - (stream._handle?.writeQueueSize ?? 0);
      yield* blocks(handedDown, Math.max(0, taken));
      yield* blocks(stream._writableState.getBuffer(), 0);
    },
  };
}

function* blocks(chunks: readonly Chunk[], skipBytes: number): Generator<Buffer> {
  let skip = skipBytes;
  let parts: Buffer[] = [];
  let bytes = 0;
  for (const { chunk, encoding } of chunks) {
    const all = toBuffer(chunk, encoding);
    const part = all.subarray(skip);
    skip = Math.max(0, skip - all.length);
    parts.push(part);
    bytes += part.length;
    if (bytes < BLOCK_BYTES) continue;
    yield Buffer.concat(parts);
    parts = [];
    bytes = 0;
  }
  yield Buffer.concat(parts);
}

function toBuffer(chunk: Chunk['chunk'], encoding: Chunk['encoding']): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding === 'buffer' ? 'utf8' : encoding);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function byteLength(chunk: Chunk['chunk'], encoding: Chunk['encoding']): number {
  if (typeof chunk !== 'string') return chunk.byteLength;
  return Buffer.byteLength(chunk, encoding === 'buffer' ? 'utf8' : encoding);
}
