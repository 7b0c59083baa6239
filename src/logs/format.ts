import type { LogsSpec } from '../core/spec.ts';
import { takeChunk } from './chunks.ts';
import type { LogSource } from './record.ts';
import { createStamp, type Stamp } from './stamp.ts';

const NEWLINE = 10;
/** What JSON escapes, but the newline that ends a line: RFC 8259, section 7. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const ESCAPED = /["\\\x00-\x09\x0b-\x1f]/;

/** A chunk of whole lines, how many they are, and when they were read (Unix milliseconds). */
export interface Lines {
  readonly chunk: Buffer;
  readonly count: number;
  readonly atMs: number;
}

/** Gives lines the form that they have in the file, in a chunk of its own (`takeChunk`). */
export type Layout = (lines: Lines) => Buffer;

/**
 * Chooses the layout of a stream.
 * @param logs the app's `type` and `dateFormat`
 * @param source who writes the lines
 * @returns the layout
 */
export function createLayout(logs: Pick<LogsSpec, 'type' | 'dateFormat'>, source: LogSource): Layout {
  if (logs.type === 'json') return jsonLayout(logs.dateFormat, source);
  return logs.dateFormat === null ? plain : stampedLayout(createStamp(logs.dateFormat, ': '));
}

function plain({ chunk }: Lines): Buffer {
  const text = takeChunk(chunk.length);
  text.set(chunk);
  return text;
}

/**
 * The lines are put at the end of the memory and moved to their places from there: copies within one buffer, and the
 * stamp byte by byte, cost half of a copy per line from another buffer.
 */
function stampedLayout(stampOf: Stamp): Layout {
  return ({ chunk, count, atMs }) => {
    const stamp = stampOf(atMs);
    const stampBytes = stamp.length;
    const text = takeChunk(chunk.length + count * stampBytes);
    let from = text.length - chunk.length;
    let to = 0;
    text.set(chunk, from);
    while (from < text.length) {
      const next = text.indexOf(NEWLINE, from) + 1;
      for (let index = 0; index < stampBytes; index++) text[to + index] = stamp[index] ?? 0;
      to += stampBytes;
      text.copyWithin(to, from, next);
      to += next - from;
      from = next;
    }
    return text;
  };
}

function jsonLayout(dateFormat: string | null, source: LogSource): Layout {
  const stampOf: (atMs: number) => string =
    dateFormat === null ? (atMs) => new Date(atMs).toISOString() : textStamp(createStamp(dateFormat, ''));
  const type = source.stream === 'out' ? 'out' : 'err';
  const end = `"type":"${type}","process_id":${source.id},"app_name":${JSON.stringify(source.app)}}\n`;
  return ({ chunk, atMs }) => {
    const tail = `,"timestamp":${JSON.stringify(stampOf(atMs))},${end}`;
    const lines = linesOf(chunk);
    // Most output needs no escape: one look at the whole, instead of a call per line.
    const escaped = ESCAPED.test(chunk.toString('latin1'));
    const messages = escaped
      ? lines.map((line) => JSON.stringify(line)).join(`${tail}{"message":`)
      : quoted(lines, tail);
    return chunkOf(`{"message":${messages}${tail}`);
  };
}

function quoted(lines: readonly string[], tail: string): string {
  return `"${lines.join(`"${tail}{"message":"`)}"`;
}

function chunkOf(text: string): Buffer {
  const chunk = takeChunk(Buffer.byteLength(text));
  chunk.write(text);
  return chunk;
}

function textStamp(stamp: Stamp): (atMs: number) => string {
  return (atMs) => stamp(atMs).toString();
}

/**
 * Reads whole lines as text.
 * @param chunk lines, each with its newline
 * @returns the lines without newlines; bytes that are not UTF-8 are replaced
 */
export function linesOf(chunk: Buffer): string[] {
  // A broken character never takes a newline along: https://encoding.spec.whatwg.org/#utf-8-decoder
  return chunk.toString('utf8', 0, chunk.length - 1).split('\n');
}
