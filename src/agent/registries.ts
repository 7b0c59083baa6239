import { EXPOSED_REGISTRIES } from '../base/agent-telemetry.ts';

/** Also through pnpm's and yarn's folders, which end the same. */
const CLIENT_FILE = /[\\/]node_modules[\\/](?:prom-client|@prometheus-io[\\/]client)[\\/]index\.js$/;

/** A metric of prom-client or @prometheus-io/client. */
export interface Metric {
  readonly name?: unknown;
  get?(): unknown;
}

/** A registry of either, of any version. */
export interface Registry {
  getMetricsAsJSON(): unknown;
  getMetricsAsArray?(): readonly Metric[];
  readonly _defaultLabels?: Readonly<Record<string, string>>;
}

/** The cache of node:module: files of CommonJS, also those that ES modules have imported. */
type ModuleCache = Readonly<Record<string, { readonly exports?: { readonly register?: unknown } } | undefined>>;

/**
 * Makes a finder of the app's registries: those it has exposed, and the default one of each copy of the packages.
 * @returns the finder; asked again it looks only if modules were loaded meanwhile
 */
export function createRegistryFinder(): () => readonly Registry[] {
  const { _cache } = process.getBuiltinModule('node:module') as unknown as { readonly _cache?: ModuleCache };
  const cache = _cache ?? {};
  let found: readonly Registry[] = [];
  let modules = 0;
  return () => {
    const files = Object.keys(cache);
    if (files.length !== modules) {
      modules = files.length;
      found = files
        .filter((file) => CLIENT_FILE.test(file))
        .map((file) => cache[file]?.exports?.register)
        .filter(isRegistry);
    }
    return [...new Set([...exposed(), ...found])];
  };
}

function exposed(): readonly Registry[] {
  const registries: unknown = (globalThis as unknown as Record<symbol, unknown>)[Symbol.for(EXPOSED_REGISTRIES)];
  return registries instanceof Set ? [...registries].filter(isRegistry) : [];
}

function isRegistry(value: unknown): value is Registry {
  return typeof (value as Partial<Registry> | null | undefined)?.getMetricsAsJSON === 'function';
}

/**
 * Lists the metrics of a registry.
 * @param registry of any version
 * @returns its metrics, as far as it shows them
 */
export function metricsOf(registry: Registry): readonly Metric[] {
  return registry.getMetricsAsArray?.() ?? [];
}
