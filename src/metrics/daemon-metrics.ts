import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import heapSize from 'prom-client/lib/metrics/heapSizeAndUsed.js';
import heapSpaces from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js';
import memory from 'prom-client/lib/metrics/osMemoryHeap.js';
import maxFds from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import version from 'prom-client/lib/metrics/version.js';
import Registry from 'prom-client/lib/registry.js';
import { createFdBudget, openProcFiles } from '../os/proc-files.ts';

const MICROSECONDS_PER_SECOND = 1e6;
const MS_PER_SECOND = 1000;

/** As prom-client's getMetricsAsJSON gives it. */
export interface OwnMetric {
  readonly name: string;
  readonly values: readonly { readonly value: number; readonly labels: Readonly<Record<string, string | number>> }[];
}

/** Metrics of the daemon as a process, with the names that prom-client gives them everywhere. */
export interface DaemonMetrics {
  /** All of them as they are now. */
  read(): Promise<readonly OwnMetric[]>;
}

/**
 * Registers prom-client's default metrics without those that cost: the event loop monitor wakes an idle process a
 * hundred times a second, the GC observer takes part in every collection, and the lists of handles and resources name
 * every pipe of every instance one by one.
 * @returns what renders them
 */
export function createDaemonMetrics(): DaemonMetrics {
  const registry = new Registry();
  for (const register of [memory, maxFds, heapSize, heapSpaces, version]) register(registry);
  registerStart(registry);
  registerCpu(registry);
  registerOpenFds(registry);
  return { read: () => registry.getMetricsAsJSON() as unknown as Promise<readonly OwnMetric[]> }; // its type leaves the values out
}

/** prom-client rounds to a second, and two starts within one would look like none. */
function registerStart(registry: Registry): void {
  const seconds = performance.timeOrigin / MS_PER_SECOND;
  const help = 'Start time of the process since unix epoch in seconds.';
  new Gauge({ name: 'process_start_time_seconds', help, registers: [registry] }).set(seconds);
}

/** prom-client counts from the moment it is loaded; this is loaded at the first scrape and counts from the start. */
function registerCpu(registry: Registry): void {
  const counter = (name: string, help: string, read: (usage: NodeJS.CpuUsage) => number) =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(process.cpuUsage()) / MICROSECONDS_PER_SECOND);
      },
    });
  counter('process_cpu_user_seconds_total', 'Total user CPU time spent in seconds.', ({ user }) => user);
  counter('process_cpu_system_seconds_total', 'Total system CPU time spent in seconds.', ({ system }) => system);
  const both = 'Total user and system CPU time spent in seconds.';
  counter('process_cpu_seconds_total', both, ({ user, system }) => user + system);
}

/** prom-client lists the directory; with two pipes for each instance the kernel's own count is much cheaper. */
function registerOpenFds(registry: Registry): void {
  const files = openProcFiles(process.pid, createFdBudget(0));
  new Gauge({
    name: 'process_open_fds',
    help: 'Number of open file descriptors.',
    registers: [registry],
    collect() {
      const open = files.openFds();
      if (open !== null) this.set(open);
    },
  });
}
