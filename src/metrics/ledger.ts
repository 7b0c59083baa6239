/** Rows of numbers that only grow, by a key. The rows of a key are of one length. */
export type Rows = ReadonlyMap<string, readonly number[]>;

/** The same as JSON. */
export type SavedRows = readonly (readonly [key: string, row: readonly number[]])[];

/**
 * Adds up what the processes of an instance have counted, one after the other and side by side: the total of a row is
 * the sum over all processes of their last known values, and it never falls.
 */
export interface Ledger {
  /** Takes the newest rows of a process; a row that is missing in them stays as it was. */
  take(process: number, rows: Rows): void;
  /** What a process has counted stays in the totals, and the process is forgotten. */
  retire(process: number): void;
  /** Takes over the totals of a ledger that ends, or what one of an earlier daemon had retired. */
  absorb(rows: Rows): void;
  /** What processes have counted that are forgotten: living ones tell it again under the next daemon. */
  retired(): Rows;
  /** The same object as long as nothing has changed, another one from then on. */
  totals(): Rows;
}

/** Where a row of a process falls: `stays` takes it for a mistake, `restarts` for a counter that began anew. */
export type OnFall = 'stays' | 'restarts';

/**
 * Makes an empty ledger.
 * @param onFall of the numbers; with `restarts` the first of a row decides, and the others may fall with it or alone
 */
export function createLedger(onFall: OnFall): Ledger {
  const retired = new Map<string, number[]>();
  const living = new Map<number, Map<string, readonly number[]>>();
  let totals: Rows | null = null;

  function newer(key: string, row: readonly number[], before: readonly number[] | undefined): readonly number[] {
    if (before === undefined) return row;
    if (onFall === 'stays') return highest(row, before);
    if ((row[0] ?? 0) < (before[0] ?? 0)) addRow(retired, key, before);
    return row;
  }

  function summed(): Rows {
    const parts = retired.size === 0 ? [...living.values()] : [retired, ...living.values()];
    // What living ones have told goes on changing where it is.
    return parts.length === 1 ? new Map(parts[0]) : sumOf(parts);
  }

  return {
    take(process, rows) {
      const known = living.get(process) ?? new Map<string, readonly number[]>();
      living.set(process, known);
      for (const [key, row] of rows) known.set(key, newer(key, row, known.get(key)));
      totals = null;
    },
    retire(process) {
      for (const [key, row] of living.get(process) ?? []) addRow(retired, key, row);
      living.delete(process);
      totals = null;
    },
    absorb(rows) {
      for (const [key, row] of rows) addRow(retired, key, row);
      totals = null;
    },
    retired: () => retired,
    totals() {
      totals ??= summed();
      return totals;
    },
  };
}

/** The very row where it is the highest throughout, which is the rule. */
function highest(row: readonly number[], before: readonly number[]): readonly number[] {
  for (let at = 0; at < row.length; at++) {
    if ((row[at] ?? 0) < (before[at] ?? 0)) return row.map((value, index) => Math.max(value, before[index] ?? 0));
  }
  return row;
}

/**
 * Adds rows up.
 * @param parts any number of them
 * @returns sums by key; the one part itself where there is but one
 */
export function sumOf(parts: readonly Rows[]): Rows {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const sums = new Map<string, number[]>();
  for (const part of parts) for (const [key, row] of part) addRow(sums, key, row);
  return sums;
}

function addRow(sums: Map<string, number[]>, key: string, row: readonly number[]): void {
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, [...row]);
  else for (let at = 0; at < row.length; at++) sum[at] = (sum[at] ?? 0) + (row[at] ?? 0);
}
