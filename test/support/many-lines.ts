import type { WrittenLog } from './ship.ts';

export const LINES = 300_000;
const PER_CHUNK = 500;
const CHUNKS_PER_FILE = 80;

const lineOf = (number: number) => `line ${String(number).padStart(7, '0')} ${'abcdefghij'.repeat(8)}`;

/**
 * Writes rolled files, every other one compressed, and a live one; about 93 bytes a line.
 * @param log where to
 */
export function writeManyLines(log: WrittenLog): void {
  const startMs = Date.now() - 30 * 60_000;
  const chunks = LINES / PER_CHUNK;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const lines = Array.from({ length: PER_CHUNK }, (_, index) => lineOf(chunk * PER_CHUNK + index));
    log.append(lines, startMs + chunk * 100);
    if (chunk % CHUNKS_PER_FILE === CHUNKS_PER_FILE - 1) log.roll(log.seq() % 2 === 0 ? 'gzip' : 'plain');
  }
}

/** Those of the lines that are not in `found`. */
export function missingLines(found: ReadonlySet<string>): readonly string[] {
  return Array.from({ length: LINES }, (_, index) => lineOf(index)).filter((line) => !found.has(line));
}
