import type { PerformanceEntry, PerformanceObserverEntryList } from 'node:perf_hooks';
import { GC_BUCKETS, type HistogramRow } from '../base/agent-telemetry.ts';
import { guarded } from './guard.ts';

interface Kind {
  readonly name: string;
  sum: number;
  readonly counts: number[];
}

/** An entry of type gc. */
interface GcEntry extends PerformanceEntry {
  readonly detail?: { readonly kind?: number };
}

/**
 * Watches garbage collections from now on. V8 tells each by a turn of the event loop, so it is done for those who ask.
 * @returns reader of what was seen
 */
export function watchGc(): () => readonly HistogramRow[] {
  const { PerformanceObserver, constants } = process.getBuiltinModule('node:perf_hooks');
  const kind = (name: string): Kind => ({
    name,
    sum: 0,
    counts: Array.from({ length: GC_BUCKETS.length + 1 }, () => 0),
  });
  const kinds = new Map([
    [constants.NODE_PERFORMANCE_GC_MAJOR, kind('major')],
    [constants.NODE_PERFORMANCE_GC_MINOR, kind('minor')],
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL, kind('incremental')],
    [constants.NODE_PERFORMANCE_GC_WEAKCB, kind('weakcb')],
  ]);
  const note = guarded((list: PerformanceObserverEntryList) => {
    for (const entry of list.getEntries()) {
      const { duration, detail } = entry as GcEntry; // typed without its detail
      const seen = kinds.get(detail?.kind ?? -1);
      if (seen === undefined) continue;
      const seconds = duration / 1000;
      const at = GC_BUCKETS.findIndex((bound) => seconds <= bound);
      const bucket = at === -1 ? GC_BUCKETS.length : at;
      seen.sum += seconds;
      seen.counts[bucket] = (seen.counts[bucket] ?? 0) + 1;
    }
  });
  const observer = new PerformanceObserver(note);
  observer.observe({ entryTypes: ['gc'] });
  return () =>
    [...kinds.values()]
      .filter(({ counts }) => counts.some((count) => count > 0))
      .map(({ name, sum, counts }): HistogramRow => [[name], sum, [...counts]]);
}
