import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLayout } from '../../src/logs/format.ts';
import { createLastBytes, lastLinesOf } from '../../src/logs/last-bytes.ts';
import { createLineCutter, MAX_LINE_BYTES } from '../../src/logs/lines.ts';

const SOURCE = { id: 7, app: 'we"b', slot: 2, stream: 'error' } as const;
const MARK = ' ...[cut]\n';

/** What comes out of a cutter that got the pieces one by one, each in memory that is written over at once. */
function cut(pieces: readonly Buffer[]) {
  const chunks: Buffer[] = [];
  let counted = 0;
  let cuts = 0;
  const cutter = createLineCutter({
    onLines(chunk, lines) {
      chunks.push(Buffer.from(chunk));
      counted += lines;
    },
    onCut: () => cuts++,
  });
  const shared = Buffer.alloc(64 * 1024);
  for (const piece of pieces) {
    piece.copy(shared);
    cutter.push(shared.subarray(0, piece.length));
    shared.fill(0);
  }
  cutter.finish();
  return { chunks, counted, cuts, text: Buffer.concat(chunks) };
}

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (let turn = 0; from < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(from, from + size));
    from += size;
  }
  return pieces;
}

function withEnd(bytes: Buffer): Buffer {
  return bytes.length === 0 || bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);
}

const bytes = fc
  .array(fc.oneof(fc.constant(Buffer.from('\n')), fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'grapheme' })), {
    maxLength: 60,
  })
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array))));
const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 });

describe('lines', () => {
  test('however the stream is cut into pieces, whole lines come out, every byte once and in order', () => {
    fc.assert(
      fc.property(bytes, sizes, (stream, cuts) => {
        const { chunks, counted, text } = cut(split(stream, cuts));
        expect(text.equals(withEnd(stream))).toBe(true);
        expect(chunks.every((chunk) => chunk.at(-1) === 10)).toBe(true);
        expect(counted).toBe(text.filter((byte) => byte === 10).length);
      }),
      { numRuns: 3000 },
    );
  });

  test('a line above the limit is cut once, with a mark, and nothing around it is touched', () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: MAX_LINE_BYTES - 3, max: MAX_LINE_BYTES + 3 }),
      fc.integer({ min: 900_000, max: 1_100_000 }),
    );
    const pieceSizes = fc.array(fc.integer({ min: 3_000, max: 64 * 1024 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(length, { minLength: 1, maxLength: 4 }),
        pieceSizes,
        fc.boolean(),
        (lengths, cuts, ended) => {
          const lines = lengths.map((size, index) => String.fromCharCode(97 + index).repeat(size));
          const stream = Buffer.from(lines.join('\n') + (ended ? '\n' : ''));
          const expected = lines.map((line) =>
            line.length > MAX_LINE_BYTES ? line.slice(0, MAX_LINE_BYTES) + MARK : `${line}\n`,
          );
          // Nothing after the last newline is no line.
          if (!ended && lines.at(-1) === '') expected.pop();
          const found = cut(split(stream, cuts));
          expect(found.text.equals(Buffer.from(expected.join('')))).toBe(true);
          expect(found.cuts).toBe(lines.filter((line) => line.length > MAX_LINE_BYTES).length);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each(['é', '€', '😀'])('a cut leaves no half of %s', (character) => {
    for (let shift = 0; shift < 4; shift++) {
      const line = Buffer.from(`${'x'.repeat(shift)}${character.repeat(100_000)}`.slice(0, 300_000));
      const wide = line.length > MAX_LINE_BYTES ? line : Buffer.concat([line, line]);
      const { text } = cut(split(Buffer.concat([wide, Buffer.from('\nnext\n')]), [65_536]));
      const shown = text.toString('utf8');
      expect(shown).not.toContain('\ufffd');
      expect(shown.endsWith(`${MARK}next\n`)).toBe(true);
    }
  });

  test('a line that grows by single bytes costs little memory', () => {
    const before = process.memoryUsage().arrayBuffers;
    const cutter = createLineCutter({ onLines() {}, onCut() {} });
    const dot = Buffer.from('.');
    for (let count = 0; count < MAX_LINE_BYTES; count++) cutter.push(dot);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576);
  });
});

describe('layouts', () => {
  const chunk = Buffer.from('first\n\nthird \u20ac\n');
  const atMs = new Date(2024, 1, 3, 14, 5, 6, 7).getTime();
  const show = (type: 'plain' | 'json', dateFormat: string | null) =>
    createLayout({ type, dateFormat }, SOURCE)({ chunk, count: 3, atMs }).toString();

  test('plain lines stay as they are', () => {
    expect(show('plain', null)).toBe(chunk.toString());
  });

  test.each([
    ['YYYY-MM-DDTHH:mm:ss', '2024-02-03T14:05:06'],
    ['YYYY-MM-DD HH:mm:ss.SSS', '2024-02-03 14:05:06.007'],
    ['dddd ddd dd d, D. MMMM MMM M YY', 'Saturday Sat Sa 6, 3. February Feb 2 24'],
    ['h:m:s A a hh H', '2:5:6 PM pm 02 14'],
    ['[at] HH [o\u2019clock] €', 'at 14 o\u2019clock €'],
  ])('the stamp %s is put before each line', (pattern, stamp) => {
    expect(show('plain', pattern)).toBe(`${stamp}: first\n${stamp}: \n${stamp}: third €\n`);
  });

  test.each([
    ['Asia/Kolkata', '+05:30 +0530'],
    ['America/St_Johns', '-03:30 -0330'],
    ['UTC', '+00:00 +0000'],
  ])('the offset of %s is shown', (zone, shown) => {
    const before = process.env['TZ'];
    process.env['TZ'] = zone;
    try {
      expect(show('plain', 'Z ZZ')).toContain(`${shown}: first\n`);
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });

  test('the stamp follows the time', () => {
    const layout = createLayout({ type: 'plain', dateFormat: 'HH:mm:ss.SSS' }, SOURCE);
    const shown = [0, 1, 1, 1000, 999].map((later) =>
      layout({ chunk: Buffer.from('x\n'), count: 1, atMs: atMs + later })
        .toString()
        .slice(0, 12),
    );
    expect(shown).toEqual(['14:05:06.007', '14:05:06.008', '14:05:06.008', '14:05:07.007', '14:05:07.006']);
  });

  test('json gives one object a line, whatever the line holds', () => {
    const line = Buffer.from([0, 34, 92, 0xff, 0xc3, 9]);
    const odd = Buffer.concat([line, Buffer.from('\nsecond\n')]);
    const text = createLayout({ type: 'json', dateFormat: null }, SOURCE)({ chunk: odd, count: 2, atMs }).toString();
    const rest = { timestamp: new Date(atMs).toISOString(), type: 'err', process_id: 7, app_name: 'we"b' };
    const records = text.trimEnd().split('\n');
    expect(records.map((record) => JSON.parse(record))).toEqual([
      { message: '\0"\\\ufffd\ufffd\t', ...rest },
      { message: 'second', ...rest },
    ]);
  });

  test('json gives back every line as it was said, escapes or not', () => {
    const text = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('plain', '€', '"', '\\', '\t', '$&')),
      {
        minLength: 1,
      },
    );
    const layout = createLayout({ type: 'json', dateFormat: null }, { ...SOURCE, app: '$& $1 "' });
    fc.assert(
      fc.property(text, (parts) => {
        const lines = parts.map((part) => part.replaceAll('\n', ''));
        const said = Buffer.from(`${lines.join('\n')}\n`);
        const records = layout({ chunk: said, count: lines.length, atMs }).toString().trimEnd().split('\n');
        expect(records.map((record) => JSON.parse(record).message)).toEqual(lines);
        expect(JSON.parse(records[0] ?? '').app_name).toBe('$& $1 "');
      }),
    );
  });

  test('json has the time in the format of the app', () => {
    const [first] = show('json', 'YYYY').split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ message: 'first', timestamp: '2024' });
  });
});

describe('last bytes', () => {
  test('are the end of the stream, up to 8 KiB', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 12_000 }), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const last = createLastBytes();
        for (const part of parts) last.append(Buffer.from(part));
        const whole = Buffer.concat(parts);
        expect(last.read().equals(whole.subarray(Math.max(0, whole.length - 8192)))).toBe(true);
        expect(last.wrapped()).toBe(whole.length > 8192);
      }),
    );
  });

  test.each([
    ['one\ntwo\nthree\n', 2, ['two', 'three']],
    ['one\ntwo', 5, ['one', 'two']],
    ['', 5, []],
    ['one\n', 0, []],
    [`${'x'.repeat(9000)}\ntail\n`, 5, ['tail']],
    ['y'.repeat(9000), 5, ['y'.repeat(8192)]],
  ])('give the last lines (%#)', (text, count, lines) => {
    const last = createLastBytes();
    last.append(Buffer.from(text));
    expect(lastLinesOf(last, count)).toEqual(lines);
  });
});
