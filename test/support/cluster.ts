import { createServer } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { InstanceView } from '../../src/api/contract.ts';
import { type EcosystemApp, startApps } from './apps.ts';
import { fixture } from './cli.ts';
import type { TestHome } from './test-home.ts';
import { until } from './until.ts';
import { askHttp } from './wire.ts';

export interface ServerApp {
  readonly app: EcosystemApp;
  readonly url: string;
  /** Brings another release: what the next process that starts will be. */
  release(content: string): void;
}

/**
 * Describes a cluster app that runs one of the fixture servers on a free port.
 * @param home of the test; the release file lies in its working directory
 * @param server file name in test/fixtures/servers
 * @param keys further keys of the ecosystem file
 */
export async function serverApp(
  home: TestHome,
  server: string,
  keys: Readonly<Record<string, unknown>> = {},
): Promise<ServerApp> {
  const port = await freePort();
  const file = home.write('release', 'ok a');
  const { env = {}, ...rest } = keys as { env?: Readonly<Record<string, string>> };
  const app = {
    name: 'web',
    script: fixture(path.join('servers', server)),
    instances: 2,
    env: { PORT: String(port), RELEASE_FILE: file, ...env },
    ...rest,
  };
  const scheme = server.startsWith('https') ? 'https' : 'http';
  return {
    app,
    url: `${scheme}://127.0.0.1:${port}/`,
    release: (content) => void home.write('release', content),
  };
}

/**
 * Starts a server app and waits until it answers.
 * @param home of the test
 * @param server the app
 */
export async function serve(home: TestHome, { app, url }: ServerApp): Promise<void> {
  const { code, stdout, stderr } = await startApps(home, [app]);
  if (code !== 0) throw new Error(`start: expected exit code 0, got ${code}\n${stdout}${stderr}`);
  const address = new URL(url).host;
  if (url.startsWith('https')) return;
  await until(async () => (await askHttp({ address, path: '/' })).status === 200, { what: `answer of ${url}` });
}

/**
 * The instances of an app in the order of their slots.
 * @param home of the test
 * @param app name
 */
export async function slotsOf(home: TestHome, app = 'web'): Promise<readonly InstanceView[]> {
  const instances = (await home.instances()).filter((instance) => instance.app === app);
  return instances.sort((a, b) => a.slot - b.slot);
}

/**
 * The process ids of an app in the order of its slots.
 * @param home of the test
 * @param app name
 */
export async function pidsOf(home: TestHome, app = 'web'): Promise<readonly (number | null)[]> {
  return (await slotsOf(home, app)).map(({ pid }) => pid);
}

/** A port that was free a moment ago; servers of a cluster need to know theirs before they start. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    onTestFinished(() => void server.close());
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(address)));
    });
  });
}
