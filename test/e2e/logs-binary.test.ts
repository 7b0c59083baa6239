import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { untilStatus } from '../support/apps.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const NEWLINE = 10;
const LINE_CAP = 256 * 1024;
const MARK = Buffer.from(' ...[cut]');

/** Bytes that look random and are the same in each run; no newline among them. */
function noise(count: number, seed: number): Buffer {
  const bytes = Buffer.alloc(count);
  let state = seed;
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const byte = state >>> 24;
    bytes[at] = byte === NEWLINE ? 0 : byte;
  }
  return bytes;
}

/** What no log should have: each is a line. */
const LINES: readonly Buffer[] = [
  Buffer.from('before'),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== NEWLINE)),
  Buffer.alloc(5000),
  Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xe2, 0x82, 0xf0, 0x9f, 0x98, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
  Buffer.from('\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u001b[2J\r\u0008back\tlash \\ "quote" \u2028\u2029'),
  Buffer.from('{"message":"no, \\u0000'),
  noise(70_000, 1),
  // The only one above the cap: 3 MB without a newline.
  noise(3_000_000, 2),
  noise(LINE_CAP - 7, 3),
  Buffer.alloc(0),
  Buffer.from('after'),
];
const BLOB = Buffer.concat(LINES.flatMap((line) => [line, Buffer.from('\n')]));
const ENDLESS = LINES.findIndex(({ length }) => length > LINE_CAP);

/** Lines of the file, and each of those that were written is one of them, byte by byte; the long one as far as its cap. */
function expectWritten(lines: readonly Buffer[]): void {
  expect(lines.length).toBe(LINES.length);
  for (const [at, line] of lines.entries()) {
    const whole = LINES[at] ?? expect.fail('no such line');
    if (at !== ENDLESS) expect([at, line.equals(whole)]).toEqual([at, true]);
    else {
      const kept = line.subarray(0, line.length - MARK.length);
      expect(line.subarray(kept.length).equals(MARK)).toBe(true);
      expect(kept.equals(whole.subarray(0, kept.length))).toBe(true);
      // What looks like the begin of a character at the end is left out.
      expect(kept.length).toBeGreaterThan(LINE_CAP - 4);
      expect(kept.length).toBeLessThanOrEqual(LINE_CAP);
    }
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const at = bytes.indexOf(NEWLINE, from);
    if (at === -1) throw new Error('expected a newline at the end');
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return lines;
}

/** An app that writes all that, in pieces of any size, and ends. */
async function saidBinary(keys: Readonly<Record<string, unknown>>): Promise<{ home: TestHome; file: Buffer }> {
  const home = testHome();
  writeFileSync(path.join(home.work, 'blob'), BLOB);
  home.write(
    'says.cjs',
    `const blob = require('node:fs').readFileSync('blob');
     for (let at = 0, size = 1; at < blob.length; at += size, size = (size * 7) % 65_521) {
       process.stdout.write(blob.subarray(at, at + size));
     }`,
  );
  const app = { name: 'binary', script: './says.cjs', autorestart: false, ...keys };
  await home.ok(['start', home.write('e.config.json', JSON.stringify({ apps: [app] }))]);
  await untilStatus(home, 'binary', 'exited');
  await until(() => home.log('binary').includes('after'), { what: 'the last line in the file' });
  return { home, file: await readFile(path.join(home.root, 'home/logs/binary-out.log')) };
}

async function expectReadable(home: TestHome): Promise<void> {
  const { stdout, stderr } = await home.ok(['logs', 'binary', '--nostream', '--lines', '100', '--json']);
  expect(stderr).toBe('');
  const messages = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages.length).toBe(LINES.length);
  const last = await home.ok(['logs', 'binary', '--nostream', '--lines', '1']);
  expect(last.stdout).toContain('after');
  const found = await home.ok(['logs', 'binary', '--nostream', '--lines', '100', '--grep', 'quote']);
  expect(found.stdout).toContain('lash');
  expect(found.stdout).not.toContain('before');
  const { logAccount } = await home.describe('binary');
  expect(logAccount.out).toMatchObject({ lines: LINES.length, bytes: BLOB.length, dropped: 0, cut: 1 });
  expect(await home.metric('promvisor_log_cut_lines_total', { app: 'binary', stream: 'out' })).toBe(1);
}

describe('an app that writes anything but text', () => {
  test('is in its file byte by byte, only the line above the cap is cut, marked and counted', async () => {
    const { home, file } = await saidBinary({});
    expectWritten(linesOf(file));
    await expectReadable(home);
    const raw = await home.ok(['logs', 'binary', '--nostream', '--lines', '100', '--raw']);
    expect(raw.stdout.split('\n')[0]).toBe('before');
  });

  test('with a time before each line and nothing else added', async () => {
    const { home, file } = await saidBinary({ time: true });
    const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: /;
    const lines = linesOf(file);
    for (const line of lines) expect(line.toString('latin1', 0, 21)).toMatch(stamp);
    expectWritten(lines.map((line) => line.subarray(21)));
    await expectReadable(home);
  });

  test('as JSON each line is valid, with what is no UTF-8 replaced', async () => {
    const { home, file } = await saidBinary({ log_type: 'json' });
    const messages = linesOf(file).map((line) => (JSON.parse(line.toString()) as { message: string }).message);
    expect(messages.length).toBe(LINES.length);
    for (const [at, message] of messages.entries()) {
      const text = (LINES[at] ?? Buffer.alloc(0)).toString();
      if (at !== ENDLESS) expect([at, message === text]).toEqual([at, true]);
      else expect([message.endsWith(' ...[cut]'), text.startsWith(message.slice(0, 100_000))]).toEqual([true, true]);
    }
    await expectReadable(home);
  });
});
