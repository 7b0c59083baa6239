import { type MetricName, MODES, SWITCH_KINDS } from './contract.ts';
import type { Scene } from './scene.ts';
import { createMetricsText, labelsText, type MetricsText } from './text.ts';
import type { Totals } from './totals.ts';
import type { SampleRoot, Sampler, Vitals } from './vitals.ts';

const [USER_TAIL = '', SYSTEM_TAIL = ''] = MODES.map((mode) => `,${labelsText({ mode })}`);
const [VOLUNTARY_TAIL = '', INVOLUNTARY_TAIL = ''] = SWITCH_KINDS.map((kind) => `,${labelsText({ kind })}`);

/** Gauges of the present process tree: an instance that is down has none. */
const GAUGES = [
  ['promvisor_instance_resident_memory_bytes', (vitals) => vitals.rssBytes],
  ['promvisor_instance_virtual_memory_bytes', (vitals) => vitals.virtualBytes],
  ['promvisor_instance_swap_memory_bytes', (vitals) => vitals.swapBytes],
  ['promvisor_instance_processes', (vitals) => vitals.processes],
  ['promvisor_instance_threads', (vitals) => vitals.threads],
  ['promvisor_instance_open_fds', (vitals) => vitals.openFds],
  ['promvisor_instance_max_fds', (vitals) => vitals.maxFds],
] as const satisfies readonly (readonly [MetricName, (vitals: Vitals) => number | null])[];

interface Row {
  readonly labels: string;
  readonly totals: Totals;
  readonly vitals: Vitals | undefined;
}

/**
 * Looks at the process trees of the fleet and renders their figures.
 * @param scene the fleet now
 * @param sampler takes the figures and keeps the counters over restarts
 * @returns text of its families
 */
export async function processMetrics(scene: Scene, sampler: Sampler): Promise<string> {
  const roots: SampleRoot[] = [];
  for (const { instance } of scene.instances) {
    const { process, id } = instance;
    if (process !== null && !process.exited) roots.push({ id, identity: process.identity });
  }
  const sampled = await sampler.sample(roots, 'full');
  const rows = scene.instances.map(({ instance, labels }) => {
    return { labels, totals: sampler.totals(instance.id), vitals: sampled.get(instance.id) };
  });
  const text = createMetricsText();
  for (const [name, read] of GAUGES) {
    text.family(name);
    for (const { labels, vitals } of rows) if (vitals !== undefined) text.add(read(vitals), labels);
  }
  counters(text, rows);
  return text.toString();
}

function counters(text: MetricsText, rows: readonly Row[]): void {
  text.family('promvisor_instance_cpu_seconds_total');
  for (const { labels, totals } of rows) {
    text.add(totals.userSeconds, labels + USER_TAIL);
    text.add(totals.systemSeconds, labels + SYSTEM_TAIL);
  }
  text.family('promvisor_instance_read_bytes_total');
  for (const { labels, totals } of rows) text.add(totals.readBytes, labels);
  text.family('promvisor_instance_write_bytes_total');
  for (const { labels, totals } of rows) text.add(totals.writeBytes, labels);
  text.family('promvisor_instance_context_switches_total');
  for (const { labels, totals } of rows) {
    text.add(totals.voluntarySwitches, labels + VOLUNTARY_TAIL);
    text.add(totals.involuntarySwitches, labels + INVOLUNTARY_TAIL);
  }
}
