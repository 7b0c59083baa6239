import { type HistogramRow, HTTP_BUCKETS, HTTP_METHODS } from '../base/agent-telemetry.ts';

const OTHER = HTTP_METHODS.length - 1;
const METHOD_INDEX = new Map<string, number>(HTTP_METHODS.slice(0, OTHER).map((method, index) => [method, index]));
const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const CLASSES = STATUS_CLASSES.length + 1;
/** Index of the class of requests without a whole answer. */
export const UNANSWERED = STATUS_CLASSES.length;

/** Numbers of one class of one method: the sum of durations in ms, then how many fell in each bucket. */
const WIDTH = HTTP_BUCKETS.length + 2;
const BUCKETS_MS = HTTP_BUCKETS.map((seconds) => seconds * 1000);
const SHORTEST_MS = BUCKETS_MS[0] ?? 0;

/** Requests by method and status class, in buckets of their duration. */
export interface HttpCounts {
  /** Counts one. It is called for each request of the app: it makes nothing anew. */
  add(method: string | undefined, statusClass: number, durationMs: number): void;
  /** The same, of a method as `methodIndex` gives it. */
  addAt(method: number, statusClass: number, durationMs: number): void;
  rows(): readonly HistogramRow[];
}

/**
 * Makes counts that are all zero.
 * @param unanswered name of the class of requests without a whole answer
 * @returns the counts
 */
export function createHttpCounts(unanswered: 'aborted' | 'error'): HttpCounts {
  const classes = [...STATUS_CLASSES, unanswered];
  // Typed: a sum in an object would be a new one for each request.
  const numbers = new Float64Array(HTTP_METHODS.length * CLASSES * WIDTH);
  return {
    add: (method, statusClass, durationMs) => addAt(methodIndex(method), statusClass, durationMs),
    addAt,
    rows() {
      return HTTP_METHODS.flatMap((method, m) =>
        classes.flatMap((statusClass, c): HistogramRow[] => {
          const at = (m * CLASSES + c) * WIDTH;
          const counts = [...numbers.subarray(at + 1, at + WIDTH)];
          return counts.some((count) => count > 0) ? [[[method, statusClass], (numbers[at] ?? 0) / 1000, counts]] : [];
        }),
      );
    },
  };

  function addAt(method: number, statusClass: number, durationMs: number): void {
    const at = (method * CLASSES + statusClass) * WIDTH;
    const bucket = at + 1 + (durationMs <= SHORTEST_MS ? 0 : bucketOf(durationMs));
    // There, as both indexes are within what was made: a fallback would be one more branch for each request.
    (numbers[at] as number) += durationMs;
    (numbers[bucket] as number) += 1;
  }
}

function bucketOf(durationMs: number): number {
  const at = BUCKETS_MS.findIndex((bound) => durationMs <= bound);
  return at === -1 ? BUCKETS_MS.length : at;
}

/**
 * The place of a method among those that are told apart.
 * @param method as it came
 * @returns index of the method
 */
export function methodIndex(method: string | undefined): number {
  return method === HTTP_METHODS[0] ? 0 : (METHOD_INDEX.get(method ?? '') ?? OTHER);
}

/**
 * The class of a status.
 * @param status as answered; what is none of HTTP's counts as the nearest
 * @returns index of the class
 */
export function classOf(status: number): number {
  if (status >= 200 && status < 300) return 1;
  return Math.min(4, Math.max(0, Math.trunc(status / 100) - 1 || 0));
}
