import { FAULT_KINDS, type MetricName, MODES, SWITCH_KINDS } from './contract.ts';
import type { Scene } from './scene.ts';
import { type MetricsText, seriesOf } from './text.ts';
import type { Totals } from './totals.ts';
import type { SampleRoot, Sampler, Vitals } from './vitals.ts';

const [USER, SYSTEM] = MODES.map((mode) => seriesOf({ mode }));
const [MAJOR, MINOR] = FAULT_KINDS.map((kind) => seriesOf({ kind }));
const [VOLUNTARY, INVOLUNTARY] = SWITCH_KINDS.map((kind) => seriesOf({ kind }));

/** Gauges of the present process tree: an instance that is down has none. */
const GAUGES = [
  ['promvisor_instance_resident_memory_bytes', (vitals) => vitals.rssBytes],
  ['promvisor_instance_proportional_memory_bytes', (vitals) => vitals.pssBytes],
  ['promvisor_instance_virtual_memory_bytes', (vitals) => vitals.virtualBytes],
  ['promvisor_instance_swap_memory_bytes', (vitals) => vitals.swapBytes],
  ['promvisor_instance_processes', (vitals) => vitals.processes],
  ['promvisor_instance_threads', (vitals) => vitals.threads],
  ['promvisor_instance_open_fds', (vitals) => vitals.openFds],
  ['promvisor_instance_max_fds', (vitals) => vitals.maxFds],
] as const satisfies readonly (readonly [MetricName, (vitals: Vitals) => number | null])[];

/** An instance with its figures. */
export interface Row {
  readonly labels: string;
  readonly totals: Totals;
  readonly vitals: Vitals | undefined;
}

/**
 * Looks at the process trees of the fleet.
 * @param scene the fleet now
 * @param sampler takes the figures and keeps the counters over restarts
 * @returns every instance with its figures
 */
export async function lookAtProcesses(scene: Scene, sampler: Sampler): Promise<readonly Row[]> {
  const roots: SampleRoot[] = [];
  for (const { instance } of scene.instances) {
    const { process, id } = instance;
    if (process !== null && !process.exited) roots.push({ id, identity: process.identity });
  }
  const sampled = await sampler.sample(roots, 'full');
  return scene.instances.map(({ instance, labels }) => {
    return { labels, totals: sampler.totals(instance.id), vitals: sampled.get(instance.id) };
  });
}

/**
 * Renders the figures of process trees.
 * @param text takes its families
 * @param rows what `lookAtProcesses` saw
 */
export function processMetrics(text: MetricsText, rows: readonly Row[]): void {
  for (const [name, read] of GAUGES) {
    text.family(name);
    for (const { labels, vitals } of rows) if (vitals !== undefined) text.add(read(vitals), labels);
  }
  counters(text, rows);
}

function counters(text: MetricsText, rows: readonly Row[]): void {
  text.family('promvisor_instance_cpu_seconds_total');
  for (const { labels, totals } of rows) {
    text.add(totals.userSeconds, labels, USER);
    text.add(totals.systemSeconds, labels, SYSTEM);
  }
  text.family('promvisor_instance_read_bytes_total');
  for (const { labels, totals } of rows) text.add(totals.readBytes, labels);
  text.family('promvisor_instance_write_bytes_total');
  for (const { labels, totals } of rows) text.add(totals.writeBytes, labels);
  text.family('promvisor_instance_context_switches_total');
  for (const { labels, totals } of rows) {
    text.add(totals.voluntarySwitches, labels, VOLUNTARY);
    text.add(totals.involuntarySwitches, labels, INVOLUNTARY);
  }
  text.family('promvisor_instance_page_faults_total');
  for (const { labels, totals } of rows) {
    text.add(totals.majorFaults, labels, MAJOR);
    text.add(totals.minorFaults, labels, MINOR);
  }
}
