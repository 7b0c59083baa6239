import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Home } from '../base/paths.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Apps, StartOptions } from './types.ts';

/**
 * Reads what a program wants to start, as the command line reads a config file. The reader is loaded here, as most
 * programs only look.
 * @param apps path of a config file, or apps as data
 * @param options `envName`
 * @param home where logs go by default
 * @returns apps with nothing left open
 * @throws PromvisorError CONFIG_INVALID, CONFIG_NOT_FOUND, CONFIG_UNREADABLE
 */
export async function specsOf(apps: Apps, { envName }: StartOptions, home: Home): Promise<readonly AppSpec[]> {
  const { resolveApps } = await import('../config/resolve.ts');
  const resolved = await resolveApps(typeof apps === 'string' ? await read(apps) : apps, {
    source: typeof apps === 'string' ? path.basename(apps) : 'start',
    configFile: typeof apps === 'string' ? path.resolve(apps) : null,
    cwd: process.cwd(),
    env: { ...process.env },
    envName: envName ?? null,
    only: null,
    cpus: availableParallelism(),
    home,
    overrides: {},
  });
  return resolved.apps;
}

async function read(file: string): Promise<unknown> {
  const { loadConfigFile } = await import('../config/load.ts');
  return loadConfigFile(file);
}
