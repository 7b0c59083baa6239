import type { Client } from '../../api/client.ts';
import { errnoOf } from '../../base/errors.ts';

/** Whether a target is an id. */
export function isId(target: string): boolean {
  return /^\d+$/.test(target);
}

/**
 * Ids of what a target selects.
 * @param client of the daemon
 * @param target id, name, namespace, pattern or all
 * @returns ids in their order, none where nothing matches
 */
export async function idsOf(client: Client, target: string): Promise<number[]> {
  try {
    return (await client.instances([target])).map(({ id }) => id).sort((a, b) => a - b);
  } catch (error) {
    // By its code: the client may come from another bundle, with error classes of its own.
    if (errnoOf(error) === 'NOT_FOUND') return [];
    throw error;
  }
}
