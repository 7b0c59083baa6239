import type { EventLoopUtilization } from 'node:perf_hooks';
import type { AgentVitals } from '../base/agent-protocol.ts';

/** Undocumented, stable since Node 0.x; the documented process.getActiveResourcesInfo() does not tell them apart. */
interface ActiveLists {
  _getActiveHandles?(): readonly unknown[];
  _getActiveRequests?(): readonly unknown[];
}

/**
 * Makes a reader of the process' own figures. It costs nothing until it is asked for the first time.
 * @returns the reader; event-loop utilisation is that since its previous call
 */
export function createVitals(): () => AgentVitals {
  let previous: EventLoopUtilization | undefined;
  return () => {
    const heap = process.getBuiltinModule('node:v8').getHeapStatistics();
    const current = performance.eventLoopUtilization();
    const { utilization } = previous === undefined ? current : performance.eventLoopUtilization(current, previous);
    previous = current;
    const lists: ActiveLists = process as unknown as ActiveLists;
    return {
      heapUsedBytes: heap.used_heap_size,
      heapTotalBytes: heap.total_heap_size,
      heapLimitBytes: heap.heap_size_limit,
      externalBytes: heap.external_memory,
      // NaN where no time has passed.
      eventLoopUtilizationRatio: utilization || 0,
      activeHandles: lists._getActiveHandles?.().length ?? 0,
      activeRequests: lists._getActiveRequests?.().length ?? 0,
    };
  };
}
