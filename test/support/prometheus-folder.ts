import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestHome } from './test-home.ts';

const SHIPPED = fileURLToPath(new URL('../../prometheus', import.meta.url));

/**
 * The configuration that is shipped in prometheus/, for a container that scrapes the daemon of a home.
 * Only what a test has differently is changed: the daemon's port, and 15 s are 1 s.
 * @param home whose daemon listens on more than loopback
 * @returns a folder to mount at /etc/prometheus
 */
export async function prometheusFolder(home: TestHome): Promise<string> {
  const folder = path.join(home.root, 'prometheus');
  cpSync(SHIPPED, folder, { recursive: true });
  mkdirSync(path.join(folder, 'rules'), { recursive: true });
  const shipped = readFileSync(path.join(folder, 'compose.yml'), 'utf8');
  const port = portOf((await home.ping()).http.address);
  const changed = shipped.replaceAll(/:9209\b/g, `:${port}`).replaceAll(/_interval: 15s/g, '_interval: 1s');
  for (const part of [`host.docker.internal:${port}`, 'scrape_interval: 1s', 'evaluation_interval: 1s'])
    if (!changed.includes(part))
      throw new Error(`prometheus/compose.yml: expected ${part} after the changes for a test`);
  for (const name of ['compose.yml', 'prometheus.yml']) writeFileSync(path.join(folder, name), changed);
  return folder;
}

function portOf(address: string | null | undefined): string {
  const port = /:(\d+)$/.exec(address ?? '')?.[1];
  if (port === undefined) throw new Error(`address of the HTTP listener: expected HOST:PORT, got ${address}`);
  return port;
}
