import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sideFolder } from '../segments.ts';
import type { Position } from './batch.ts';

/** A log file that is shipped: where it is, and as what its lines appear in Loki. */
export interface ShipSource {
  /** Absolute path of the live file. */
  readonly live: string;
  readonly app: string;
  readonly namespace: string;
  readonly stream: 'out' | 'error' | 'combined';
  /** The instance whose file it is alone; null for a file that instances share. */
  readonly instance: { readonly slot: number; readonly id: number } | null;
  /** Labels that only this app has. */
  readonly labels: Readonly<Record<string, string>>;
}

/** How far a log file has been shipped. */
export interface Checkpoint {
  readonly source: ShipSource;
  readonly position: Position;
}

/** The checkpoints of a home: one file for each log file, replaced as a whole. */
export interface Checkpoints {
  /** All that can be read, without those whose log file has gone. */
  load(): readonly Checkpoint[];
  /** @throws Error of the system when it cannot be written */
  save(checkpoint: Checkpoint): void;
}

/**
 * Opens the checkpoints.
 * @param folder absolute path; made when missing
 */
export function openCheckpoints(folder: string): Checkpoints {
  const fileOf = (live: string) => {
    return path.join(folder, `${createHash('sha256').update(live).digest('hex').slice(0, 24)}.json`);
  };
  return {
    load() {
      const found: Checkpoint[] = [];
      for (const name of namesIn(folder)) {
        if (!name.endsWith('.json')) continue;
        const checkpoint = read(path.join(folder, name));
        if (checkpoint === null) continue;
        const { live } = checkpoint.source;
        if (existsSync(live) || existsSync(sideFolder(live))) found.push(checkpoint);
        else rmSync(path.join(folder, name), { force: true });
      }
      return found;
    },
    save(checkpoint) {
      const file = fileOf(checkpoint.source.live);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.tmp`, JSON.stringify(checkpoint), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    },
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Null for a torn or foreign file: then the log is shipped from its begin, and Loki knows what it has. */
function read(file: string): Checkpoint | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isCheckpoint(value) ? value : null;
  } catch {
    return null;
  }
}

function isCheckpoint(value: unknown): value is Checkpoint {
  const { source, position } = fieldsOf(value);
  const { live, app, namespace, stream, instance, labels } = fieldsOf(source);
  const { seq, offset } = fieldsOf(position);
  const { slot, id } = fieldsOf(instance);
  return (
    [live, app, namespace, stream].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(seq) &&
    Number.isSafeInteger(offset) &&
    (instance === null || (Number.isSafeInteger(slot) && Number.isSafeInteger(id))) &&
    Object.values(fieldsOf(labels)).every((text) => typeof text === 'string')
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/**
 * What a log looks like: it changes with every write and every roll, so that most looks need no more than this.
 * @param live absolute path of the live file
 */
export function stampOf(live: string): string {
  return `${stampOfPath(live)} ${stampOfPath(sideFolder(live))}`;
}

function stampOfPath(file: string): string {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeMs}`;
  } catch {
    return 'none';
  }
}
