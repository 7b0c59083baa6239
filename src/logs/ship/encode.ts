const QUOTE = 0x22;
const COMMA = 0x2c;
const CUT_MARK = Buffer.from(' ...[cut]');
const SUFFIX = Buffer.from(']}]}');
const OPEN = Buffer.from('["');
const AFTER_TIME = Buffer.from('","');
/** The longest escape of one byte: six characters. */
const ESCAPE_BYTES = 6;
const TIME_BYTES = 24;

/** What JSON wants in place of a byte; null for itself. */
const ESCAPES: readonly (Buffer | null)[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x20 && byte !== QUOTE && byte !== 0x5c) return null;
  return Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
});
const NEEDS_ESCAPE = Uint8Array.from(ESCAPES, (other) => (other === null ? 0 : 1));

/** Valid UTF-8 in memory of somebody else. */
export interface Piece {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly cut: boolean;
}

/** Writes entries of a push side by side into memory that is used again: no garbage for a line. */
export interface Encoder {
  /** False when there is no room; a line that has no room in an empty one is cut, with a mark. */
  add(unixNs: bigint, line: Piece, tail: Buffer): boolean;
  /** The JSON of the entries from one up to another. */
  body(from: number, to: number): Buffer;
  entries(): number;
  clear(): void;
}

/**
 * The end of an entry: structured metadata.
 * @param metadata names and values; none for none
 * @returns bytes for `add`
 */
export function encodeTail(metadata: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(Object.keys(metadata).length === 0 ? '"]' : `",${JSON.stringify(metadata)}]`);
}

/**
 * Makes an encoder.
 * @param memory `json` for the text, which is never longer, and `starts` for where each entry begins
 * @param labels of the stream
 * @see https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
 */
export function createEncoder(
  { json: buffer, starts }: { readonly json: Buffer; readonly starts: Int32Array },
  labels: Readonly<Record<string, string>>,
): Encoder {
  const prefix = Buffer.from(`{"streams":[{"stream":${JSON.stringify(labels)},"values":[`);
  prefix.copy(buffer);
  const limit = buffer.length - SUFFIX.length;
  /** Each entry but the first has a comma before it. */
  let count = 0;
  let end = prefix.length;

  function put(from: Buffer, at: number): number {
    from.copy(buffer, at);
    return at + from.length;
  }

  function add(unixNs: bigint, line: Piece, tail: Buffer): boolean {
    const first = count === 0;
    const room = limit - tail.length - CUT_MARK.length;
    let at = end;
    if (at + TIME_BYTES + OPEN.length + AFTER_TIME.length + 1 > room) return false;
    if (!first) buffer[at++] = COMMA;
    const start = at;
    at = put(OPEN, at);
    at += buffer.write(unixNs.toString(), at, 'latin1');
    at = put(AFTER_TIME, at);
    const { bytes } = line;
    let from = line.start;
    for (; from < line.end; from++) {
      if (at + ESCAPE_BYTES > room) break;
      const byte = bytes[from] ?? 0;
      if (NEEDS_ESCAPE[byte] === 0) buffer[at++] = byte;
      else at = put(ESCAPES[byte] ?? CUT_MARK, at);
    }
    const whole = from === line.end;
    if (!whole && !first) return false;
    if (!whole) at = backToCharacter(buffer, at, bytes[from] ?? 0);
    if (!whole || line.cut) at = put(CUT_MARK, at);
    end = put(tail, at);
    starts[count++] = start;
    return true;
  }

  return {
    add,
    entries: () => count,
    body(from, to) {
      const last = to === count ? end : (starts[to] ?? 0) - 1;
      // All of it needs no copy.
      if (from === 0 && to === count) return buffer.subarray(0, put(SUFFIX, last));
      return Buffer.concat([prefix, buffer.subarray(starts[from], last), SUFFIX]);
    },
    clear() {
      count = 0;
      end = prefix.length;
    },
  };
}

/** A character that does not go on in the next byte ends here; one that does is taken out. */
function backToCharacter(buffer: Buffer, at: number, next: number): number {
  if ((next & 0xc0) !== 0x80) return at;
  let back = at - 1;
  while (((buffer[back] ?? 0) & 0xc0) === 0x80) back--;
  return back;
}
