import type { ShipSource } from '../logs/ship/checkpoint.ts';
import type { Instance } from './instance.ts';

/**
 * Lists the log files that are shipped.
 * @param instances all of them
 * @param wants true for the apps that the settings name
 * @returns each file once, as that of an instance where it has it alone
 */
export function shipSources(instances: readonly Instance[], wants: (app: string) => boolean): readonly ShipSource[] {
  const sources = new Map<string, ShipSource>();
  for (const instance of instances) {
    if (!instance.spec.logs.loki.enabled || !wants(instance.spec.name)) continue;
    for (const source of sourcesOf(instance)) {
      const known = sources.get(source.live);
      sources.set(source.live, known === undefined ? source : { ...known, instance: null });
    }
  }
  return [...sources.values()];
}

function sourcesOf({ id, slot, spec, logs }: Instance): readonly ShipSource[] {
  const { out, error, combined } = logs.files();
  const source = (live: string, stream: ShipSource['stream']): ShipSource => {
    const { name: app, namespace } = spec;
    return { live, app, namespace, stream, instance: { slot, id }, labels: spec.logs.loki.labels };
  };
  // A file of both streams has every line; it is shipped where a stream has no file of its own.
  if (combined !== null && (out === null || error === null)) return [source(combined, 'combined')];
  if (out !== null && out === error) return [source(out, 'combined')];
  return [...(out === null ? [] : [source(out, 'out')]), ...(error === null ? [] : [source(error, 'error')])];
}
