import { askHttp } from './wire.ts';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/**
 * Asks a Prometheus.
 * @param address host:port
 * @param expression PromQL
 * @returns what it finds now
 */
export async function queryPrometheus(address: string, expression: string): Promise<readonly Sample[]> {
  const { body } = await askHttp({ address, path: `/api/v1/query?query=${encodeURIComponent(expression)}` });
  return (JSON.parse(body) as { data: { result: readonly Sample[] } }).data.result;
}
