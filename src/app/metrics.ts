import { EXPOSED_REGISTRIES } from '../base/agent-telemetry.ts';

/** A registry of prom-client or @prometheus-io/client, or whatever tells its metrics in their way. */
export interface MetricsRegistry {
  getMetricsAsJSON(): unknown;
}

/**
 * Shows a registry to promvisor, which serves its metrics at `/metrics/apps/NAME`. It is needed for registries that
 * promvisor does not find by itself: those of bundled apps, and those that the app has made with `new Registry()`.
 * Without promvisor it does nothing.
 * @param registry to show; a second time it changes nothing
 * @returns takes the registry back
 * @throws TypeError when it is no registry
 */
export function expose(registry: MetricsRegistry): () => void {
  if (typeof (registry as MetricsRegistry | null | undefined)?.getMetricsAsJSON !== 'function') {
    throw new TypeError(`expose: expected a registry with getMetricsAsJSON(), got ${kindOf(registry)}`);
  }
  const registries = shared();
  registries.add(registry);
  return () => void registries.delete(registry);
}

/** One set in the process, whatever has bundled this function and however often. */
function shared(): Set<MetricsRegistry> {
  const key = Symbol.for(EXPOSED_REGISTRIES);
  const place = globalThis as unknown as Record<symbol, Set<MetricsRegistry> | undefined>;
  const there = place[key];
  if (there !== undefined) return there;
  const registries = new Set<MetricsRegistry>();
  Object.defineProperty(globalThis, key, { value: registries });
  return registries;
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
