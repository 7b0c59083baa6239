import path from 'node:path';
import type { Client } from '../api/client.ts';
import { isFile } from './app-sources.ts';

/**
 * Lets targets be scripts, as PM2 does: `stop server.js` means the instances that run it, where no app is called so.
 * @param client of the daemon
 * @param targets operands
 * @param cwd working directory
 * @returns targets for the daemon
 * @throws PromvisorError NO_DAEMON
 */
export async function withoutPaths(client: Client, targets: readonly string[], cwd: string): Promise<string[]> {
  const files = new Set(targets.filter((target) => /[./]/.test(target) && isFile(target, cwd)));
  if (files.size === 0) return [...targets];
  const views = await client.describe([]);
  return targets.flatMap((target) => {
    if (!files.has(target) || views.some(({ app, namespace }) => app === target || namespace === target))
      return [target];
    const script = path.resolve(cwd, target);
    const ids = views.filter(({ spec }) => spec.process.script === script).map(({ id }) => String(id));
    return ids.length > 0 ? ids : [target];
  });
}
