import { HTTP_BUCKETS, HTTP_METHODS } from '../base/agent-telemetry.ts';
import { rowKey } from './agent-figures.ts';
import type { Rows } from './ledger.ts';
import { SERVER_CLASSES } from './runtime-contract.ts';

/** The requests of the last minute, as far as someone looked. */
export interface RecentRequests {
  readonly perSecond: number;
  /** 0 without a request in that time. */
  readonly p50Seconds: number;
  readonly p95Seconds: number;
}

/** Makes rates and quantiles out of what only grows, for readers that cannot. */
export interface RecentWindow {
  /**
   * Looks at the counters of an instance.
   * @param id of the instance
   * @param rows its totals
   * @param nowMs monotonic
   * @returns null for one that never answered a request, and at the first look
   */
  take(id: number, rows: Rows, nowMs: number): RecentRequests | null;
  /** Forgets all instances but these. */
  keepOnly(ids: ReadonlySet<number>): void;
}

interface Look {
  readonly atMs: number;
  /** Requests by bucket, +Inf last. */
  readonly counts: readonly number[];
}

const WINDOW_MS = 60_000;
/** Looks that are nearer to each other than this are one. */
const APART_MS = 1_000;
const MS_PER_SECOND = 1000;

const KEYS = HTTP_METHODS.flatMap((method) => SERVER_CLASSES.map((status) => rowKey('httpServer', [method, status])));

export function createRecentWindow(): RecentWindow {
  const looks = new Map<number, Look[]>();

  return {
    take(id, rows, nowMs) {
      const now: Look = { atMs: nowMs, counts: countsOf(rows) };
      const known = looks.get(id) ?? [];
      looks.set(id, known);
      while (known.length > 1 && nowMs - (known[1]?.atMs ?? 0) >= WINDOW_MS) known.shift();
      const newest = known.at(-1);
      if (newest === undefined || nowMs - newest.atMs >= APART_MS) known.push(now);
      const [oldest = now] = known;
      if (sum(now.counts) === 0 || now.atMs - oldest.atMs < APART_MS) return null;
      return between(oldest, now);
    },
    keepOnly(ids) {
      for (const id of looks.keys()) if (!ids.has(id)) looks.delete(id);
    },
  };
}

function countsOf(rows: Rows): number[] {
  const counts = Array.from({ length: HTTP_BUCKETS.length + 1 }, () => 0);
  for (const key of KEYS) {
    const [, ...row] = rows.get(key) ?? [];
    for (const [at, count] of row.entries()) counts[at] = (counts[at] ?? 0) + count;
  }
  return counts;
}

function between(older: Look, newer: Look): RecentRequests {
  const counts = newer.counts.map((count, at) => Math.max(0, count - (older.counts[at] ?? 0)));
  return {
    perSecond: (sum(counts) * MS_PER_SECOND) / (newer.atMs - older.atMs),
    p50Seconds: quantile(counts, 0.5),
    p95Seconds: quantile(counts, 0.95),
  };
}

/** As histogram_quantile() of Prometheus: even within a bucket; beyond the last bound, that bound. */
function quantile(counts: readonly number[], share: number): number {
  const total = sum(counts);
  if (total === 0) return 0;
  const rank = total * share;
  let below = 0;
  for (const [at, count] of counts.entries()) {
    if (count === 0 || below + count < rank) {
      below += count;
      continue;
    }
    const lower = HTTP_BUCKETS[at - 1] ?? 0;
    const upper = HTTP_BUCKETS[at] ?? lower;
    return lower + ((upper - lower) * (rank - below)) / count;
  }
  return HTTP_BUCKETS.at(-1) ?? 0;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
