import { RETRY_CODES, type RetryCode, SHIP_DROP_REASONS, type ShipDropReason } from './answer.ts';

/** Upper bounds of the durations of pushes, in seconds. */
export const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** How many lines of an app went where. */
export interface AppFigures {
  readonly app: string;
  readonly namespace: string;
  sentEntries: number;
  sentBytes: number;
  readonly droppedEntries: Record<ShipDropReason, number>;
}

export interface Durations {
  /** Not cumulated; the last one is for everything above the highest bound. */
  readonly counts: number[];
  sumSeconds: number;
  count: number;
}

/** What the shipper has done since it was made. */
export interface ShipFigures {
  sentEntries: number;
  sentBytes: number;
  batches: number;
  readonly retries: Record<RetryCode, number>;
  readonly droppedEntries: Record<ShipDropReason, number>;
  readonly droppedBytes: Record<ShipDropReason, number>;
  /** Unix milliseconds; null before the first. */
  lastSuccessMs: number | null;
  lastError: { readonly atMs: number; readonly message: string } | null;
  /** By status, or `timeout`, or `network`. */
  readonly durations: Map<string, Durations>;
  /** By namespace and name. */
  readonly apps: Map<string, AppFigures>;
}

/** Makes figures, all 0. */
export function newShipFigures(): ShipFigures {
  return {
    sentEntries: 0,
    sentBytes: 0,
    batches: 0,
    retries: zeros(RETRY_CODES),
    droppedEntries: zeros(SHIP_DROP_REASONS),
    droppedBytes: zeros(SHIP_DROP_REASONS),
    lastSuccessMs: null,
    lastError: null,
    durations: new Map(),
    apps: new Map(),
  };
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>; // a key for each of them
}

/** Names the app of a stream. */
export interface AppName {
  readonly app: string;
  readonly namespace: string;
}

function appOf(figures: ShipFigures, { app, namespace }: AppName): AppFigures {
  const key = `${namespace}/${app}`;
  const known = figures.apps.get(key);
  if (known !== undefined) return known;
  const made = { app, namespace, sentEntries: 0, sentBytes: 0, droppedEntries: zeros(SHIP_DROP_REASONS) };
  figures.apps.set(key, made);
  return made;
}

/** Counts lines that Loki has taken. */
export function countSent(figures: ShipFigures, name: AppName, entries: number, bytes: number): void {
  const app = appOf(figures, name);
  for (const account of [figures, app]) {
    account.sentEntries += entries;
    account.sentBytes += bytes;
  }
}

export interface Dropped {
  readonly reason: ShipDropReason;
  readonly entries: number;
  readonly bytes: number;
}

/** Counts lines that will not get to Loki. */
export function countDropped(figures: ShipFigures, name: AppName, { reason, entries, bytes }: Dropped): void {
  figures.droppedEntries[reason] += entries;
  figures.droppedBytes[reason] += bytes;
  appOf(figures, name).droppedEntries[reason] += entries;
}

/** Counts how long a push took. */
export function countDuration(figures: ShipFigures, code: string, durationMs: number): void {
  const durations = figures.durations.get(code) ?? {
    counts: new Array<number>(DURATION_BUCKETS.length + 1).fill(0),
    sumSeconds: 0,
    count: 0,
  };
  figures.durations.set(code, durations);
  const seconds = durationMs / 1000;
  const above = DURATION_BUCKETS.findIndex((bound) => seconds <= bound);
  const at = above < 0 ? DURATION_BUCKETS.length : above;
  durations.counts[at] = (durations.counts[at] ?? 0) + 1;
  durations.sumSeconds += seconds;
  durations.count++;
}
