import { VERSION } from '../base/version.ts';
import { readProcStat, ticksPerSecond } from '../os/procfs.ts';
import { cgroupMetrics } from './cgroup-metrics.ts';
import { type MetricName, MODES } from './contract.ts';
import type { OwnMetric } from './daemon-metrics.ts';
import { labelsText } from './format.ts';
import { DAEMON_METRICS } from './runtime-contract.ts';
import type { Scene } from './scene.ts';
import type { MetricsText } from './text.ts';

const DAEMON_ONLY = Object.keys(DAEMON_METRICS) as (keyof typeof DAEMON_METRICS)[];

/**
 * Makes what reads prom-client's metrics of this process; they are loaded with the first reading.
 */
export function ownProcess(): () => Promise<readonly OwnMetric[]> {
  let metrics: Promise<{ read(): Promise<readonly OwnMetric[]> }> | null = null;
  return async () => {
    metrics ??= import('./daemon-metrics.ts').then((module) => module.createDaemonMetrics());
    return (await metrics).read();
  };
}

/**
 * Renders what is told of the daemon alone.
 * @param text takes its families
 * @param scene the fleet now
 * @param own figures of this process
 */
export function ownMetrics(text: MetricsText, { source }: Scene, own: readonly OwnMetric[]): void {
  text.family('promvisor_build_info');
  text.add(1, labelsText({ version: VERSION, node_version: process.version }));
  text.family('promvisor_journal_dropped_events_total');
  text.add(source.journalDropped(), '');
  text.family('promvisor_http_listener_up');
  const { listen, address } = source.http();
  if (listen !== null) text.add(address === null ? 0 : 1, '');
  text.family('promvisor_children_cpu_seconds_total');
  const stat = readProcStat(process.pid);
  if (stat !== null) {
    const ticks = { user: stat.childUserTicks, system: stat.childSystemTicks };
    for (const mode of MODES) text.add(ticks[mode] / ticksPerSecond(), labelsText({ mode }));
  }
  cgroupMetrics(text, source.cgroup());
  for (const name of DAEMON_ONLY) {
    text.family(name);
    ownSeries(text, name, own);
  }
}

/**
 * Adds the daemon's own series to the family that has just begun.
 * @param text the page
 * @param name of the family
 * @param own figures of this process
 */
export function ownSeries(text: MetricsText, name: MetricName, own: readonly OwnMetric[]): void {
  for (const { value, labels } of own.find((metric) => metric.name === name)?.values ?? []) {
    const texts = Object.entries(labels).map(([label, of]) => [label, String(of)] as const);
    text.add(value, labelsText(Object.fromEntries(texts)));
  }
}
