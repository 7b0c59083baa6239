import { labelsText } from './format.ts';
import type { LOKI_DROP_REASONS, LOKI_RETRY_CODES } from './loki-contract.ts';
import { LOKI_METRICS } from './loki-contract.ts';
import type { MetricsText, Series } from './text.ts';

type ByReason = Readonly<Record<(typeof LOKI_DROP_REASONS)[number], number>>;

/** What the shipper tells at a scrape. */
export interface LokiSource {
  readonly sentEntries: number;
  readonly sentBytes: number;
  readonly batches: number;
  readonly retries: Readonly<Record<(typeof LOKI_RETRY_CODES)[number], number>>;
  readonly droppedEntries: ByReason;
  readonly droppedBytes: ByReason;
  /** Unix ms. */
  readonly lastSuccessMs: number | null;
  readonly lagSeconds: number;
  readonly pending: readonly {
    readonly app: string;
    readonly namespace: string;
    readonly stream: string;
    readonly bytes: number;
  }[];
  /** By code; counts by the bounds of the contract, not cumulated, the last one for everything above. */
  readonly durations: ReadonlyMap<
    string,
    { readonly counts: readonly number[]; readonly sumSeconds: number; readonly count: number }
  >;
}

const BUCKETS: readonly Series[] = [...LOKI_METRICS.promvisor_loki_request_duration_seconds.buckets, '+Inf'].map(
  (bound) => ({ suffix: '_bucket', tail: `,${labelsText({ le: String(bound) })}` }),
);
const SUM: Series = { suffix: '_sum', tail: '' };
const COUNT: Series = { suffix: '_count', tail: '' };

/**
 * Renders what was shipped.
 * @param text takes its families
 * @param source null when nothing is shipped
 */
export function lokiMetrics(text: MetricsText, source: LokiSource | null): void {
  if (source === null) return;
  const one = (name: Parameters<MetricsText['family']>[0], value: number) => {
    text.family(name);
    text.add(value, '');
  };
  const by = (name: Parameters<MetricsText['family']>[0], label: string, values: Readonly<Record<string, number>>) => {
    text.family(name);
    for (const [key, value] of Object.entries(values)) text.add(value, labelsText({ [label]: key }));
  };
  one('promvisor_loki_sent_entries_total', source.sentEntries);
  one('promvisor_loki_sent_bytes_total', source.sentBytes);
  one('promvisor_loki_batches_total', source.batches);
  by('promvisor_loki_batch_retries_total', 'code', source.retries);
  by('promvisor_loki_dropped_entries_total', 'reason', source.droppedEntries);
  by('promvisor_loki_dropped_bytes_total', 'reason', source.droppedBytes);
  text.family('promvisor_loki_pending_bytes');
  for (const [labels, bytes] of pendingBytes(source)) text.add(bytes, labels);
  one('promvisor_loki_lag_seconds', source.lagSeconds);
  one('promvisor_loki_last_success_timestamp_seconds', (source.lastSuccessMs ?? 0) / 1000);
  text.family('promvisor_loki_request_duration_seconds');
  for (const [code, { counts, sumSeconds, count }] of source.durations) {
    const labels = labelsText({ code });
    let cumulated = 0;
    for (const [at, bucket] of BUCKETS.entries()) {
      cumulated += counts[at] ?? 0;
      text.add(cumulated, labels, bucket);
    }
    text.add(sumSeconds, labels, SUM);
    text.add(count, labels, COUNT);
  }
}

/** Streams that differ in other labels only are one series. */
function pendingBytes({ pending }: LokiSource): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { app, namespace, stream, bytes } of pending) {
    const labels = labelsText({ app, namespace, stream });
    sums.set(labels, (sums.get(labels) ?? 0) + bytes);
  }
  return sums;
}
