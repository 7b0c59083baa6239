import { type HistogramRow, HTTP_BUCKETS, HTTP_METHODS } from '../base/agent-telemetry.ts';

const OTHER = HTTP_METHODS.length - 1;
const METHOD_INDEX = new Map<string, number>(HTTP_METHODS.slice(0, OTHER).map((method, index) => [method, index]));
const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const CLASSES = STATUS_CLASSES.length + 1;
/** Index of the class of requests without a whole answer. */
export const UNANSWERED = STATUS_CLASSES.length;

interface Cell {
  sum: number;
  readonly counts: number[];
}

/** Requests by method and status class, in buckets of their duration. */
export interface HttpCounts {
  /** Counts one. It is called for each request of the app: it makes nothing anew. */
  add(method: string | undefined, statusClass: number, durationMs: number): void;
  rows(): readonly HistogramRow[];
}

/**
 * Makes counts that are all zero.
 * @param unanswered name of the class of requests without a whole answer
 * @returns the counts
 */
export function createHttpCounts(unanswered: 'aborted' | 'error'): HttpCounts {
  const cells: (Cell | null)[] = Array.from({ length: HTTP_METHODS.length * CLASSES }, () => null);
  const classes = [...STATUS_CLASSES, unanswered];
  return {
    add(method, statusClass, durationMs) {
      const at = (METHOD_INDEX.get(method ?? '') ?? OTHER) * CLASSES + statusClass;
      const cell = cells[at] ?? newCell(at);
      const seconds = durationMs / 1000;
      let bucket = 0;
      while (bucket < HTTP_BUCKETS.length && seconds > (HTTP_BUCKETS[bucket] ?? 0)) bucket++;
      cell.counts[bucket] = (cell.counts[bucket] ?? 0) + 1;
      cell.sum += seconds;
    },
    rows() {
      return cells.flatMap((cell, at): HistogramRow[] => {
        if (cell === null) return [];
        const labels = [HTTP_METHODS[Math.floor(at / CLASSES)] ?? '', classes[at % CLASSES] ?? ''];
        return [[labels, cell.sum, [...cell.counts]]];
      });
    },
  };

  function newCell(at: number): Cell {
    const cell = { sum: 0, counts: Array.from({ length: HTTP_BUCKETS.length + 1 }, () => 0) };
    cells[at] = cell;
    return cell;
  }
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
