import { readFileSync } from 'node:fs';
import { errnoOf, messageOf } from '../../base/errors.ts';
import type { StreamAccount, StreamName } from '../../logs/record.ts';
import type { Figures, SavedFigures } from '../figures.ts';
import type { Fleet } from '../fleet.ts';
import type { DaemonLog } from '../own-log.ts';
import type { SavedTelemetry, Telemetry } from '../telemetry.ts';

/**
 * Counters that a later daemon goes on with, so that Prometheus sees none of them fall. They are in a file of their own:
 * it is written with every scrape, and losing it costs numbers, not apps.
 */
interface SavedTotals {
  readonly version: typeof VERSION;
  /** By id of the instance. */
  readonly logs: readonly (readonly [id: number, account: Readonly<Record<StreamName, StreamAccount>>])[];
  readonly figures: SavedFigures;
  readonly telemetry: SavedTelemetry;
}

/** A file of another version is not read: counters then begin anew. */
const VERSION = 1;

export interface TotalsParts {
  readonly fleet: Fleet;
  readonly figures: Figures;
  readonly telemetry: Telemetry;
}

/**
 * Puts all counters into a file's text.
 * @param parts that count
 */
export function totalsText({ fleet, figures, telemetry }: TotalsParts): string {
  const logs = fleet.all().map((instance) => [instance.id, instance.logs.account()] as const);
  const totals: SavedTotals = { version: VERSION, logs, figures: figures.saved(), telemetry: telemetry.saved() };
  return jsonOf(totals);
}

/** Most of it is as it was a scrape ago, and is not made into text again. */
function jsonOf({ version, logs, figures, telemetry }: SavedTotals): string {
  const { ready, reloadDurations, ...counts } = figures.apps;
  const rest = Object.entries(counts).map(([name, saved]) => [name, JSON.stringify(saved)] as const);
  const apps = objectOf([['ready', known(ready)], ['reloadDurations', known(reloadDurations)], ...rest]);
  const trees = listOf(figures.trees.map(([id, tree]) => `[${id},${known(tree)}]`));
  const instances = listOf(telemetry.instances.map(([id, account]) => `[${id},${known(account)}]`));
  const told = telemetry.apps.map(({ key, account, timeouts }) =>
    objectOf([
      ['key', JSON.stringify(key)],
      ['account', known(account)],
      ['timeouts', String(timeouts)],
    ]),
  );
  return objectOf([
    ['version', String(version)],
    ['logs', JSON.stringify(logs)],
    ['figures', objectOf(Object.entries({ apps, trees }))],
    ['telemetry', objectOf(Object.entries({ instances, apps: listOf(told) }))],
  ]);
}

/** By concatenation: V8 copies what is joined, and only the whole has to be. */
function objectOf(parts: readonly (readonly [name: string, json: string])[]): string {
  let text = '';
  for (const [name, json] of parts) text += `${text === '' ? '{' : ','}"${name}":${json}`;
  return `${text}}`;
}

function listOf(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += text === '' ? part : `,${part}`;
  return `[${text}]`;
}

const texts = new WeakMap<object, string>();

/** JSON of a part that is another object once it says something else. */
function known(part: object): string {
  const text = texts.get(part) ?? JSON.stringify(part);
  texts.set(part, text);
  return text;
}

/**
 * Goes on with the counters of another daemon, as far as their instances are there.
 * @param file that it left
 * @param parts that count
 * @param log told of a file that cannot be read
 */
export async function restoreTotals(file: string, parts: TotalsParts, log: DaemonLog): Promise<void> {
  try {
    const totals = JSON.parse(readFileSync(file, 'utf8')) as SavedTotals; // only a daemon writes there, in one step
    if (totals.version !== VERSION) return;
    for (const [id, account] of totals.logs) parts.fleet.find(id)?.logs.restore(account);
    parts.telemetry.restore(totals.telemetry);
    await parts.figures.restore(totals.figures);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') log.warn({ file, problem: messageOf(error) }, 'counters begin anew');
  }
}
