import { constants } from 'node:os';
import { EXIT_REASONS } from '../core/exit.ts';
import { pm2StatusOf } from '../core/pm2status.ts';
import type { InstanceState } from '../core/states.ts';
import { type MetricName, STATUS_LABELS } from './contract.ts';
import type { Scene, Seat } from './scene.ts';
import type { InstanceSource } from './source.ts';
import { type MetricsText, seriesOf } from './text.ts';

const MS_PER_SECOND = 1000;

const STATUSES = STATUS_LABELS.map((status) => ({ status, series: seriesOf({ status }) }));
const REASONS = EXIT_REASONS.map((reason) => ({ reason, series: seriesOf({ reason }) }));
/** The same series by reason. */
const BY_REASON = new Map(REASONS.map(({ reason, series }) => [reason, series]));

/**
 * Renders what the daemon knows of apps and instances without asking the system.
 * @param text takes its families
 * @param scene the fleet now
 */
export function fleetMetrics(text: MetricsText, scene: Scene): void {
  appMetrics(text, scene);
  stateMetrics(text, scene.instances);
  reasonMetrics(text, scene.instances, 'restarts');
  reasonMetrics(text, scene.instances, 'exits');
  lastExitMetrics(text, scene.instances);
}

function appMetrics(text: MetricsText, { apps, source }: Scene): void {
  text.family('promvisor_app_info');
  for (const { info } of apps) text.add(1, info);
  text.family('promvisor_app_instances_desired');
  for (const { labels, instances } of apps) {
    text.add(countOf(instances, isWanted), labels);
  }
  text.family('promvisor_app_instances_online');
  for (const { labels, instances } of apps) {
    text.add(countOf(instances, isRunning), labels);
  }
  text.family('promvisor_cron_next_run_timestamp_seconds');
  for (const { labels, spec } of apps) {
    if (spec.triggers.cron !== null) text.add(seconds(source.nextCronMs(spec)), labels);
  }
}

function countOf(instances: readonly InstanceSource[], is: (state: InstanceState) => boolean): number {
  let count = 0;
  for (const { state } of instances) if (is(state)) count++;
  return count;
}

function isRunning({ phase }: InstanceState): boolean {
  return phase.status === 'running';
}

/** Wanted up: not stopped by anybody, not finished by its own policy. One that gave up is wanted, and missing. */
function isWanted({ phase }: InstanceState): boolean {
  if (phase.status === 'stopping') return phase.next !== 'stopped' && phase.next !== 'exited';
  return phase.status !== 'stopped' && phase.status !== 'exited';
}

function stateMetrics(text: MetricsText, seats: readonly Seat[]): void {
  statusMetrics(text, seats);
  each(text, seats, 'promvisor_instance_start_time_seconds', startSeconds);
  each(text, seats, 'promvisor_instance_starts_total', ({ state }) => state.counters.starts);
  each(text, seats, 'promvisor_instance_restart_backoff_seconds', ({ state: { phase } }) =>
    phase.status === 'backoff' ? phase.delayMs / MS_PER_SECOND : 0,
  );
  each(text, seats, 'promvisor_instance_unstable_restarts', ({ state }) => state.unstableRestarts);
  each(text, seats, 'promvisor_instance_memory_limit_bytes', ({ spec }) => spec.limits.maxMemoryBytes);
}

function statusMetrics(text: MetricsText, seats: readonly Seat[]): void {
  text.family('promvisor_instance_status');
  for (const { instance, labels } of seats) {
    if (text.has(instance.state, labels)) continue;
    // PM2's one word with a space would be awkward in queries.
    const present = pm2StatusOf(instance.state.phase.status).replace(' ', '_');
    for (const { status, series } of STATUSES) text.add(status === present ? 1 : 0, labels, series);
  }
}

function startSeconds({ process }: InstanceSource): number {
  return process === null || process.exited ? 0 : process.startedAtMs / MS_PER_SECOND;
}

function reasonMetrics(text: MetricsText, seats: readonly Seat[], kind: 'restarts' | 'exits'): void {
  text.family(`promvisor_instance_${kind}_total`);
  for (const { instance, labels } of seats) {
    const counts = instance.state.counters[kind];
    if (text.has(counts, labels)) continue;
    for (const { reason, series } of REASONS) text.add(counts[reason], labels, series);
  }
}

function lastExitMetrics(text: MetricsText, seats: readonly Seat[]): void {
  each(text, seats, 'promvisor_instance_last_exit_code', ({ state }) => state.lastExit?.code);
  each(text, seats, 'promvisor_instance_last_exit_signal', ({ state }) => signalNumber(state.lastExit));
  each(text, seats, 'promvisor_instance_last_exit_timestamp_seconds', ({ lastExit }) => seconds(lastExit?.atMs));
  text.family('promvisor_instance_last_exit_info');
  for (const { instance, labels } of seats) {
    const reason = instance.state.lastExit?.reason;
    if (reason !== undefined) text.add(1, labels, BY_REASON.get(reason));
  }
}

function signalNumber(exit: InstanceState['lastExit']): number | null {
  if (exit === null) return null;
  if (exit.signal === null) return 0;
  // os.constants is typed by the names of this Node; a real-time signal has no name there.
  return (constants.signals as Readonly<Record<string, number>>)[exit.signal] ?? null;
}

function each(
  text: MetricsText,
  seats: readonly Seat[],
  name: MetricName,
  read: (instance: InstanceSource) => number | null | undefined,
): void {
  text.family(name);
  for (const { instance, labels } of seats) text.add(read(instance), labels);
}

function seconds(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : ms / MS_PER_SECOND;
}
