import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { TestHome } from './test-home.ts';
import { until } from './until.ts';
import { askHttp } from './wire.ts';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** All raw samples of one series, oldest first. */
export interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [atSeconds: number, value: string])[];
}

/** A real Prometheus that scrapes the daemon of a home every second: /metrics, and what /sd lists. */
export interface PrometheusServer {
  query(expression: string): Promise<readonly Sample[]>;
  /** The samples of a selector since the beginning. */
  samples(selector: string): Promise<readonly RawSeries[]>;
  /** Any route of its API below /api/v1. */
  api<T>(route: string): Promise<T>;
}

/**
 * Starts a Prometheus that ends with the test.
 * @param home whose daemon it scrapes
 */
export async function startPrometheus(home: TestHome): Promise<PrometheusServer> {
  const target = (await home.ping()).http.address;
  const address = `127.0.0.1:${await freePort()}`;
  const data = path.join(home.root, 'prometheus');
  mkdirSync(data);
  const config = home.write(
    'prometheus.yml',
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: promvisor
    static_configs: [{ targets: ["${target}"] }]
  - job_name: promvisor-apps
    http_sd_configs: [{ url: "http://${target}/sd", refresh_interval: 1s }]
`,
  );
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
    '--enable-feature=exemplar-storage',
  ];
  const child = spawn('prometheus', args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await until(async () => (await askHttp({ address, path: '/-/ready' })).status === 200, {
    what: 'Prometheus ready',
    timeoutMs: 30_000,
  });
  const api = async <T>(route: string): Promise<T> => {
    const { body } = await askHttp({ address, path: `/api/v1/${route}` });
    return JSON.parse(body).data as T;
  };
  const query = async <T>(expression: string) =>
    (await api<{ result: T }>(`query?query=${encodeURIComponent(expression)}`)).result;
  return { api, query, samples: (selector) => query(`${selector}[1h]`) };
}

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
