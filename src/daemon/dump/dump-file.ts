import { readFileSync, renameSync } from 'node:fs';
import { previousOf } from '../../base/atomic-file.ts';
import { errnoOf, messageOf, PromvisorError } from '../../base/errors.ts';
import { appKey } from '../instance.ts';

/** Grows with every change that an older program would misread. */
const DUMP_VERSION = 1;
const FORMAT = 'promvisor dump';

/** An instance as it is to be brought back. */
export interface DumpEntry {
  readonly id: number;
  readonly slot: number;
  /** True where it is to be up. */
  readonly wanted: boolean;
  /** An AppSpec; out of a file it is checked where it is used, see config/wire. */
  readonly spec: Named;
}

interface Named {
  readonly name: string;
  readonly namespace: string;
}

/** What a file says, and what is to be told about how it was read. */
export interface ReadDump {
  readonly entries: readonly DumpEntry[];
  /** A file that could not be read and was set aside, as a sentence; else null. */
  readonly note: string | null;
}

/**
 * Which place of which app an entry is about: two of one place are the same instance.
 * @param entry of a dump, or an instance
 */
export function placeOf({ spec, slot }: { readonly spec: Named; readonly slot: number }): string {
  return `${appKey(spec)}:${slot}`;
}

/**
 * Puts a list into a file's text.
 * @param entries in the order of their ids
 * @param about the moment and the program
 */
export function dumpText(
  entries: readonly DumpEntry[],
  about: { readonly savedAtMs: number; readonly by: string },
): string {
  const places = new Map<Named, number>();
  for (const { spec } of entries) if (!places.has(spec)) places.set(spec, places.size);
  const instances = entries.map(({ id, slot, wanted, spec }) => ({ id, slot, wanted, spec: places.get(spec) }));
  const content = { format: FORMAT, version: DUMP_VERSION, ...about, instances, specs: [...places.keys()] };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * Reads the dump of a home. A file that cannot be read is set aside, never deleted, and the one before it is taken.
 * @param file of the dump
 * @param wallMs Unix ms, for the name of what is set aside
 * @returns its entries, null where there is no dump
 * @throws PromvisorError STATE_NEWER for one of a newer version; DUMP_UNREADABLE when there is no other to take
 */
export function readDump(file: string, wallMs: number): ReadDump | null {
  let note: string | null = null;
  for (const candidate of [file, previousOf(file)]) {
    const text = textOf(candidate);
    if (text === null) continue;
    const read = parse(text, candidate);
    if (typeof read !== 'string') return { entries: read, note };
    const aside = `${candidate}.broken-${wallMs}`;
    renameSync(candidate, aside);
    const sentence = `${candidate}: expected a dump of promvisor, but ${read}; it was set aside as ${aside}`;
    note = note === null ? `${sentence}; the one before it is used` : sentence;
  }
  if (note === null) return null;
  throw new PromvisorError('DUMP_UNREADABLE', note.replace('; the one before it is used', ''), { details: { file } });
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new PromvisorError('DUMP_UNREADABLE', `${file}: cannot be read: ${messageOf(error)}`, {
      details: { file },
      cause: error,
    });
  }
}

/** @returns the entries, or what is wrong */
function parse(text: string, file: string): readonly DumpEntry[] | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is no whole JSON';
  }
  if (!isRecord(value) || value['format'] !== FORMAT) return 'it does not begin as one';
  const { version } = value;
  if (typeof version === 'number' && version > DUMP_VERSION) {
    const message = `${file}: it has version ${version}, and this daemon knows ${DUMP_VERSION}; install that version again, or a newer one`;
    throw new PromvisorError('STATE_NEWER', message, { details: { file } });
  }
  return entriesIn(value);
}

/**
 * Reads the list of a dump, or of a request that has the same form. Its specs are not checked.
 * @param value parsed JSON
 * @returns the entries, or what is wrong
 */
export function entriesIn(value: unknown): readonly DumpEntry[] | string {
  const { instances, specs } = isRecord(value) ? value : {};
  if (!Array.isArray(instances) || !Array.isArray(specs)) return 'it has no lists of instances and specs';
  const entries = instances.map((row: unknown) => entryOf(row, specs));
  const at = entries.indexOf(null);
  return at < 0 ? entries.filter((entry) => entry !== null) : `instances[${at}] is none`;
}

function entryOf(row: unknown, specs: readonly unknown[]): DumpEntry | null {
  if (!isRecord(row)) return null;
  const { id, slot, wanted, spec: at } = row;
  const spec = typeof at === 'number' ? specs[at] : undefined;
  const { name, namespace } = isRecord(spec) ? spec : {};
  if (!isCount(id) || !isCount(slot) || typeof wanted !== 'boolean') return null;
  if (!isRecord(spec) || typeof name !== 'string' || typeof namespace !== 'string') return null;
  return { id, slot, wanted, spec: Object.assign(spec, { name, namespace }) };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
