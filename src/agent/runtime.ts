import type { AgentRuntime } from '../base/agent-telemetry.ts';
import { guarded } from './guard.ts';
import { createLagWatch } from './lag-watch.ts';

/** Undocumented, stable since Node 0.x, and what prom-client counts. */
interface ActiveLists {
  _getActiveHandles?(): readonly (object | null)[];
  _getActiveRequests?(): readonly unknown[];
}

const NANOSECONDS = 1e9;

/**
 * Makes a reader of the gauges of the runtime.
 * @returns the reader; what it is given is called from the next turn of the event loop
 */
export function createRuntime(): (use: (runtime: AgentRuntime) => void) => void {
  const lagWatch = createLagWatch();
  const startTimeSeconds = Date.now() / 1000 - process.uptime();
  return (use) => {
    lagWatch.look();
    const begin = process.hrtime.bigint();
    setImmediate(() => {
      const lagSeconds = Number(process.hrtime.bigint() - begin) / NANOSECONDS;
      use({ ...gauges(), startTimeSeconds, lagSeconds, lag: lagWatch.take() });
      // Behind the snapshot that an answer sets off.
      setImmediate(guarded(lagWatch.answered)).unref();
    });
  };
}

function gauges(): Omit<AgentRuntime, 'startTimeSeconds' | 'lagSeconds' | 'lag'> {
  const v8 = process.getBuiltinModule('node:v8');
  const heap = v8.getHeapStatistics();
  const lists = process as unknown as ActiveLists;
  const handles: Record<string, number> = {};
  for (const handle of lists._getActiveHandles?.() ?? []) {
    const type = handle?.constructor?.name;
    if (typeof type === 'string') handles[type] = (handles[type] ?? 0) + 1;
  }
  return {
    nodeVersion: process.version,
    rssBytes: process.memoryUsage.rss(),
    heapUsedBytes: heap.used_heap_size,
    heapTotalBytes: heap.total_heap_size,
    heapLimitBytes: heap.heap_size_limit,
    externalBytes: heap.external_memory,
    heapSpaces: v8
      .getHeapSpaceStatistics()
      .map(({ space_name, space_size, space_used_size, space_available_size }) => [
        space_name.replace(/_space$/, ''),
        space_size,
        space_used_size,
        space_available_size,
      ]),
    handles,
    requests: lists._getActiveRequests?.().length ?? 0,
  };
}
