import type { AppFamily } from './app-families.ts';
import { createLedger, type Ledger, type Rows, type SavedRows, sumOf } from './ledger.ts';

/** A process of an app, as far as its metrics go. */
export interface AppProcess {
  /** Id of its instance. */
  readonly instance: number;
  /** As its instance is called in labels. */
  readonly slot: number;
  readonly generation: number;
  /** Unix ms: the newest decides what a family is. */
  readonly startedAtMs: number;
}

/** One family of the app over all its processes, or over those of one instance. */
export interface FamilyTotal {
  readonly family: AppFamily;
  readonly parts: readonly FamilyPart[];
}

export interface FamilyPart {
  /** Slot of the instance; null where the part is all of them together. */
  readonly slot: number | null;
  readonly rows: Rows;
  readonly gauges: ReadonlyMap<string, number>;
}

/** The own metrics of one app, over its instances and their processes. */
export interface AppAccount {
  /** Takes an answer or a snapshot; one that is older than what is known of the process changes nothing. */
  take(process: AppProcess, taken: number, families: readonly AppFamily[]): void;
  /** The process has ended: what it counted stays in the totals. */
  retire(instance: number, generation: number): void;
  /** The instance is off the list while others are left: what it counted stays in the totals of the app. */
  remove(instance: number): void;
  /**
   * All families by name.
   * @param byInstance gives each instance by itself
   * @param mains generation of the main process by instance: it is the one whose gauges count
   */
  families(byInstance: boolean, mains: ReadonlyMap<number, number>): readonly FamilyTotal[];
  isEmpty(): boolean;
  /** What is to outlive the daemon; the same object as long as nothing was told. */
  saved(): SavedAppAccount;
  restore(saved: SavedAppAccount): void;
}

/** JSON: what processes have counted that have ended, by kind of family, and what the families are. */
export interface SavedAppAccount {
  readonly members: readonly (SavedLedgers & { readonly instance: number; readonly slot: number })[];
  readonly gone: SavedLedgers['ledgers'];
  readonly families: readonly Omit<AppFamily, 'rows' | 'gauges'>[];
}

interface SavedLedgers {
  readonly ledgers: readonly (readonly [kind: string, rows: SavedRows])[];
}

interface Living extends AppProcess {
  taken: number;
  families: Map<string, AppFamily>;
}

interface Member {
  readonly slot: number;
  /** By what is one family: see `kindOf`. */
  readonly ledgers: Map<string, Ledger>;
}

/** So many rows of what has ended are kept: an app that puts a time or a pid into its labels makes new ones for ever. */
const MOST_RETIRED_ROWS = 100_000;

/**
 * Makes the account of an app.
 * @param onFull told when what has ended is forgotten, because it has become too much
 */
export function createAppAccount(onFull: () => void): AppAccount {
  const members = new Map<number, Member>();
  const living = new Map<string, Living>();
  /** Totals of instances that are off the list. */
  const gone = new Map<string, Ledger>();
  /** What families were that no living process may have any more. */
  const ended = new Map<string, AppFamily>();
  let saved: SavedAppAccount | null = null;

  function memberOf({ instance, slot }: AppProcess): Member {
    const member = members.get(instance) ?? { slot, ledgers: new Map<string, Ledger>() };
    members.set(instance, member);
    return member;
  }

  function remember(families: Iterable<AppFamily>): void {
    for (const family of families) if (family.rows.size > 0) ended.set(family.name, family);
  }

  function keepBounded(): void {
    const ledgers = [...gone.values(), ...[...members.values()].flatMap((member) => [...member.ledgers.values()])];
    const rows = ledgers.reduce((sum, ledger) => sum + ledger.totals().size, 0);
    if (rows <= MOST_RETIRED_ROWS) return;
    onFull();
    gone.clear();
    ended.clear();
    for (const member of members.values()) member.ledgers.clear();
    for (const process of living.values()) count(process, [...process.families.values()]);
  }

  function count(process: AppProcess, families: readonly AppFamily[]): void {
    const { ledgers } = memberOf(process);
    for (const family of families) {
      if (family.rows.size > 0) ledgerOf(ledgers, kindOf(family)).take(process.generation, family.rows);
    }
  }

  return {
    take(process, taken, families) {
      const key = keyOf(process.instance, process.generation);
      const known = living.get(key) ?? { ...process, taken: -1, families: new Map<string, AppFamily>() };
      if (taken <= known.taken) return;
      saved = null;
      living.set(key, known);
      known.taken = taken;
      // What the app has dropped from its registry was counted all the same.
      remember(known.families.values());
      known.families = new Map(families.map((family) => [family.name, family]));
      count(process, families);
    },
    retire(instance, generation) {
      saved = null;
      const key = keyOf(instance, generation);
      remember(living.get(key)?.families.values() ?? []);
      living.delete(key);
      for (const ledger of members.get(instance)?.ledgers.values() ?? []) ledger.retire(generation);
      keepBounded();
    },
    remove(instance) {
      saved = null;
      for (const [kind, ledger] of members.get(instance)?.ledgers ?? []) ledgerOf(gone, kind).absorb(ledger.totals());
      members.delete(instance);
      for (const [key, process] of living) if (process.instance === instance) living.delete(key);
    },
    families(byInstance, mains) {
      const seated = seats(living.values(), mains);
      return [...definitions(living.values(), ended)].map((family) => {
        const kind = kindOf(family);
        const parts = [...members].map(([instance, { slot, ledgers }]) => {
          const gauges = sameKind(seated.get(instance)?.families.get(family.name), kind)?.gauges;
          return { slot, rows: ledgers.get(kind)?.totals() ?? NO_ROWS, gauges: gauges ?? NO_GAUGES };
        });
        parts.sort((a, b) => a.slot - b.slot);
        return { family, parts: byInstance ? parts : [together(family, parts, gone.get(kind))] };
      });
    },
    saved() {
      saved ??= {
        members: [...members].map(([instance, { slot, ledgers }]) => ({
          instance,
          slot,
          ledgers: savedLedgers(ledgers),
        })),
        gone: savedLedgers(gone),
        families: [...definitions(living.values(), ended)].map(({ rows: _rows, gauges: _gauges, ...family }) => family),
      };
      return saved;
    },
    restore(earlier) {
      saved = null;
      for (const { instance, slot, ledgers } of earlier.members) {
        members.set(instance, { slot, ledgers: restoredLedgers(ledgers) });
      }
      for (const [kind, ledger] of restoredLedgers(earlier.gone)) gone.set(kind, ledger);
      for (const family of earlier.families) ended.set(family.name, { ...family, rows: NO_ROWS, gauges: NO_GAUGES });
    },
    isEmpty: () => ended.size === 0 && [...living.values()].every(({ families }) => families.size === 0),
  };
}

const NO_ROWS: Rows = new Map();
const NO_GAUGES: ReadonlyMap<string, number> = new Map();

function savedLedgers(ledgers: ReadonlyMap<string, Ledger>): SavedLedgers['ledgers'] {
  return [...ledgers].map(([kind, ledger]) => [kind, [...ledger.retired()]] as const);
}

function restoredLedgers(saved: SavedLedgers['ledgers']): Map<string, Ledger> {
  const ledgers = new Map<string, Ledger>();
  for (const [kind, rows] of saved) ledgerOf(ledgers, kind).absorb(new Map(rows));
  return ledgers;
}

function keyOf(instance: number, generation: number): string {
  return `${instance}:${generation}`;
}

/** Families that can be added up: of one name, type and layout. */
function kindOf({ name, type, bounds }: AppFamily): string {
  return `${name} ${type} ${bounds.join(' ')}`;
}

function ledgerOf(ledgers: Map<string, Ledger>, kind: string): Ledger {
  const ledger = ledgers.get(kind) ?? createLedger('restarts');
  ledgers.set(kind, ledger);
  return ledger;
}

function sameKind(family: AppFamily | undefined, kind: string): AppFamily | undefined {
  return family !== undefined && kindOf(family) === kind ? family : undefined;
}

/** What each family is: as the newest living process has it, or the last that had. */
function definitions(living: Iterable<Living>, ended: ReadonlyMap<string, AppFamily>): Iterable<AppFamily> {
  const found = new Map(ended);
  const oldestFirst = [...living].sort((a, b) => a.startedAtMs - b.startedAtMs || a.generation - b.generation);
  for (const { families } of oldestFirst) for (const [name, family] of families) found.set(name, family);
  return found.values();
}

/** The process of each instance whose gauges count: the main one, or the newest that has told anything. */
function seats(living: Iterable<Living>, mains: ReadonlyMap<number, number>): ReadonlyMap<number, Living> {
  const seated = new Map<number, Living>();
  for (const process of living) {
    const { instance, generation } = process;
    const present = seated.get(instance);
    const main = mains.get(instance);
    if (present?.generation === main && present !== undefined) continue;
    if (present === undefined || generation === main || generation > present.generation) seated.set(instance, process);
  }
  return seated;
}

function together(family: AppFamily, parts: readonly FamilyPart[], gone: Ledger | undefined): FamilyPart {
  if (family.aggregator === 'omit') return { slot: null, rows: NO_ROWS, gauges: NO_GAUGES };
  const rows = sumOf([...(gone === undefined ? [] : [gone.totals()]), ...parts.map((part) => part.rows)]);
  return { slot: null, rows, gauges: aggregate(family, parts) };
}

/** As prom-client's aggregators do it, in the order of the slots. */
function aggregate({ aggregator }: AppFamily, parts: readonly FamilyPart[]): ReadonlyMap<string, number> {
  const found = new Map<string, { value: number; count: number }>();
  for (const { gauges } of parts) {
    for (const [key, value] of gauges) {
      const before = found.get(key);
      if (before === undefined) found.set(key, { value, count: 1 });
      else {
        before.count++;
        if (aggregator === 'min') before.value = Math.min(before.value, value);
        else if (aggregator === 'max') before.value = Math.max(before.value, value);
        else if (aggregator !== 'first') before.value += value;
      }
    }
  }
  const average = aggregator === 'average';
  return new Map([...found].map(([key, { value, count }]) => [key, average ? value / count : value]));
}
