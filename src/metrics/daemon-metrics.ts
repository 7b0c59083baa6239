import Gauge from 'prom-client/lib/gauge.js';
import heapSize from 'prom-client/lib/metrics/heapSizeAndUsed.js';
import heapSpaces from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js';
import memory from 'prom-client/lib/metrics/osMemoryHeap.js';
import cpu from 'prom-client/lib/metrics/processCpuTotal.js';
import maxFds from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import startTime from 'prom-client/lib/metrics/processStartTime.js';
import version from 'prom-client/lib/metrics/version.js';
import Registry from 'prom-client/lib/registry.js';
import { createFdBudget, openProcFiles } from '../os/proc-files.ts';

/** Metrics of the daemon as a process, with the names that prom-client gives them everywhere. */
export interface DaemonMetrics {
  /** Their text, ending in a newline. */
  render(): Promise<string>;
}

/**
 * Registers prom-client's default metrics without those that cost: the event loop monitor wakes an idle process a
 * hundred times a second, the GC observer takes part in every collection, and the lists of handles and resources name
 * every pipe of every instance one by one.
 * @returns what renders them
 */
export function createDaemonMetrics(): DaemonMetrics {
  const registry = new Registry();
  for (const register of [cpu, startTime, memory, maxFds, heapSize, heapSpaces, version]) register(registry);
  registerOpenFds(registry);
  return { render: () => registry.metrics() };
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
