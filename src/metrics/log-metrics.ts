import type { MetricName } from './contract.ts';
import { DROP_REASONS, FILE_KINDS, STREAMS } from './log-contract.ts';
import type { Scene } from './scene.ts';
import type { InstanceSource, StreamCounts } from './source.ts';
import { type MetricsText, seriesOf } from './text.ts';

const BY_STREAM = STREAMS.map((stream) => ({
  stream,
  series: seriesOf({ stream }),
  drops: DROP_REASONS.map((reason) => ({ reason, series: seriesOf({ stream, reason }) })),
}));

const BY_KIND = FILE_KINDS.map((kind) => ({ kind, series: seriesOf({ kind }) }));

/**
 * Renders what became of the output of the instances.
 * @param text takes its families
 * @param scene the fleet now
 */
export function logMetrics(text: MetricsText, scene: Scene): void {
  const rows = scene.instances.map(({ instance, labels }) => ({ labels, account: instance.logs.account() }));
  const each = (name: MetricName, read: (counts: StreamCounts) => number) => {
    text.family(name);
    for (const { labels, account } of rows) {
      for (const { stream, series } of BY_STREAM) text.add(read(account[stream]), labels, series);
    }
  };
  each('promvisor_log_lines_total', ({ lines }) => lines);
  each('promvisor_log_bytes_total', ({ bytes }) => bytes);
  text.family('promvisor_log_dropped_lines_total');
  for (const { labels, account } of rows) {
    for (const { stream, drops } of BY_STREAM) {
      for (const { reason, series } of drops) text.add(account[stream].droppedBy[reason], labels, series);
    }
  }
  each('promvisor_log_cut_lines_total', ({ cut }) => cut);
  each('promvisor_log_write_errors_total', ({ writeErrors }) => writeErrors);
  text.family('promvisor_log_disk_bytes');
  for (const { labels, instances } of scene.apps) {
    const bytes = scene.source.logBytes(filesOf(instances));
    for (const { kind, series } of BY_KIND) text.add(bytes[kind], labels, series);
  }
}

/** Instances may share their files. */
function filesOf(instances: readonly InstanceSource[]): readonly string[] {
  const files = new Set<string>();
  for (const { logs } of instances) {
    for (const file of Object.values(logs.files())) if (file !== null) files.add(file);
  }
  return [...files];
}
