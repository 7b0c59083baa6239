import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AGENT_METRICS_BYTES } from '../base/agent-protocol.ts';
import { isCount, readCounters } from '../metrics/agent-figures.ts';
import { type AppFamily, readFamilies } from '../metrics/app-families.ts';
import type { Rows } from '../metrics/ledger.ts';

/** What a process has left in its snapshot files, checked. */
export interface Snapshot {
  readonly taken: number;
  readonly counters: Rows;
  readonly families: readonly AppFamily[];
}

const ENDINGS = ['.a', '.b'] as const;
const FILE_NAME = /^agent-(\d+)-(\d+)\.[ab]$/;
const HEADER = /^(\d{1,15}) (\d{1,8})\n/;
const HEADER_BYTES = 32;

/**
 * Path of the snapshot files of a process, without their endings.
 * @param runDir of the home
 * @param process whose files they are
 */
export function snapshotPath(
  runDir: string,
  { id, generation }: { readonly id: number; readonly generation: number },
): string {
  return path.join(runDir, `agent-${id}-${generation}`);
}

/**
 * Reads the newest snapshot that is whole.
 * @param base path of the files without their endings
 * @returns null where there is none, torn ones and nonsense included
 */
export function readSnapshot(base: string): Snapshot | null {
  const texts = ENDINGS.map((ending) => readWhole(`${base}${ending}`)).filter((text) => text !== null);
  texts.sort((one, other) => other.taken - one.taken);
  for (const { taken, json } of texts) {
    const snapshot = parse(taken, json);
    if (snapshot !== null) return snapshot;
  }
  return null;
}

/** Header and body of a file; the body is cut to what the header says, as an older and longer one may shine through. */
function readWhole(file: string): { readonly taken: number; readonly json: Buffer } | null {
  const bytes = readBounded(file);
  const header = bytes === null ? null : HEADER.exec(bytes.toString('latin1', 0, HEADER_BYTES));
  if (bytes === null || header === null) return null;
  const [all, taken, length] = header;
  const json = bytes.subarray(all.length, all.length + Number(length));
  return json.length === Number(length) ? { taken: Number(taken), json } : null;
}

function readBounded(file: string): Buffer | null {
  let fd: number;
  try {
    // Nobody waits for a pipe that somebody has put there.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    // An agent that has counted nothing has written nothing.
    return null;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > AGENT_METRICS_BYTES + HEADER_BYTES) return null;
    const bytes = Buffer.alloc(stat.size);
    return bytes.subarray(0, readSync(fd, bytes, 0, stat.size, 0));
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

function parse(taken: number, json: Buffer): Snapshot | null {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    if (typeof value !== 'object' || value === null) return null;
    const { counters, families } = value as Readonly<Record<string, unknown>>;
    return isCount(taken)
      ? { taken, counters: readCounters(counters) ?? new Map(), families: readFamilies(families) }
      : null;
  } catch {
    return null;
  }
}

export function removeSnapshot(base: string): void {
  for (const ending of ENDINGS) rmSync(`${base}${ending}`, { force: true, recursive: true });
}

/** Snapshot files of a process that ended under an earlier daemon, or lives on. */
export interface LeftSnapshot {
  /** Of the instance. */
  readonly id: number;
  readonly generation: number;
  /** Path without the endings. */
  readonly base: string;
}

/**
 * Lists the snapshot files that are there.
 * @param runDir of the home
 * @returns one entry a process, the older generations of an instance first
 */
export function leftSnapshots(runDir: string): readonly LeftSnapshot[] {
  const found = new Map<string, LeftSnapshot>();
  for (const name of readdirSync(runDir)) {
    const [, id, generation] = FILE_NAME.exec(name) ?? [];
    if (id === undefined || generation === undefined) continue;
    const key = { id: Number(id), generation: Number(generation) };
    const base = snapshotPath(runDir, key);
    found.set(base, { ...key, base });
  }
  return [...found.values()].toSorted((a, b) => a.generation - b.generation);
}
