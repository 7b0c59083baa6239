import { DROP_REASONS, STREAMS } from './contract.ts';
import type { Scene } from './scene.ts';
import type { StreamCounts } from './source.ts';
import { createMetricsText, labelsText } from './text.ts';

const STREAM_TAILS = STREAMS.map((stream) => ({ stream, tail: `,${labelsText({ stream })}` }));
const DROP_TAILS = DROP_REASONS.map((reason) => ({ reason, tail: `,${labelsText({ reason })}` }));

/**
 * Renders what became of the output of the instances.
 * @param scene the fleet now
 * @returns text of its families
 */
export function logMetrics(scene: Scene): string {
  const text = createMetricsText();
  const rows: { readonly labels: string; readonly counts: StreamCounts }[] = [];
  for (const { instance, labels } of scene.instances) {
    const account = instance.logs.account();
    for (const { stream, tail } of STREAM_TAILS) rows.push({ labels: labels + tail, counts: account[stream] });
  }
  text.family('promvisor_log_lines_total');
  for (const { labels, counts } of rows) text.add(counts.lines, labels);
  text.family('promvisor_log_bytes_total');
  for (const { labels, counts } of rows) text.add(counts.bytes, labels);
  text.family('promvisor_log_dropped_lines_total');
  for (const { labels, counts } of rows) {
    for (const { reason, tail } of DROP_TAILS) text.add(counts.droppedBy[reason], labels + tail);
  }
  text.family('promvisor_log_write_errors_total');
  for (const { labels, counts } of rows) text.add(counts.writeErrors, labels);
  return text.toString();
}
