import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { PROMETHEUS_FOLDER, yamlFiles } from './rules.ts';
import { scaleRules } from './scaled-rules.ts';
import { until } from './until.ts';
import { askHttp } from './wire.ts';

export type AlertStatus = 'firing' | 'resolved';

/** One alert of a message of Alertmanager, as it came in. */
export interface Arrival {
  /** Counts up over all arrivals. */
  readonly number: number;
  /** Path of the webhook: the receiver's name. */
  readonly receiver: string;
  readonly status: AlertStatus;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface ArrivalOptions {
  readonly after?: Arrival;
  readonly timeoutMs: number;
}

export interface AlertStack {
  /** host:port of Prometheus. */
  readonly address: string;
  /** All that came to the webhooks so far. */
  readonly arrivals: readonly Arrival[];
  /** Has Prometheus scrape these, in place of those before; host:port of daemons. */
  target(addresses: readonly string[]): void;
  query(expression: string): Promise<readonly Sample[]>;
  /** Waits until an alert with (at least) these labels has come in, after another arrival, if one is given. */
  arrived(status: AlertStatus, labels: Readonly<Record<string, string>>, options: ArrivalOptions): Promise<Arrival>;
  close(): Promise<void>;
}

/** The parts of the shipped files that a test puts its own values into. */
interface PrometheusConfig {
  global: Record<string, unknown>;
  alerting: { alertmanagers: unknown };
  rule_files: unknown;
  scrape_configs: Record<string, unknown>[];
}
interface AlertmanagerConfig {
  route: Route & { routes: Route[] };
  receivers: { name: string; webhook_configs: { url: string }[] }[];
}
type Route = Record<string, unknown>;

/**
 * Starts the shipped Prometheus configuration, rules and Alertmanager example for real, on a faster clock, with a
 * webhook that keeps what arrives.
 */
export async function startAlertStack(): Promise<AlertStack> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-alerts-'));
  const children: ChildProcess[] = [];
  const webhook = await startWebhook();
  const manager = `127.0.0.1:${await freePort()}`;
  const address = `127.0.0.1:${await freePort()}`;
  const run = (program: string, args: readonly string[]) => {
    children.push(spawn(program, args, { stdio: 'ignore', cwd: folder }));
    return children.at(-1);
  };
  const target = (addresses: readonly string[]) => {
    // Renamed, so that it is never read half written.
    writeFileSync(path.join(folder, 'targets.tmp'), JSON.stringify([{ targets: addresses }]));
    renameSync(path.join(folder, 'targets.tmp'), path.join(folder, 'targets.json'));
  };
  const query: AlertStack['query'] = async (expression) => {
    const { body } = await askHttp({ address, path: `/api/v1/query?query=${encodeURIComponent(expression)}` });
    return JSON.parse(body).data.result;
  };
  target([]);
  run('prometheus-alertmanager', [
    `--config.file=${writeAlertmanager(folder, webhook.port)}`,
    `--storage.path=${path.join(folder, 'alertmanager')}`,
    `--web.listen-address=${manager}`,
    '--cluster.listen-address=',
  ]);
  run('prometheus', [
    `--config.file=${writePrometheus(folder, manager)}`,
    `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
    `--web.listen-address=${address}`,
  ]);
  for (const [what, where] of [
    ['Alertmanager', manager],
    ['Prometheus', address],
  ] as const) {
    const ready = async () => (await askHttp({ address: where, path: '/-/ready' })).status === 200;
    await until(ready, { what: `${what} ready`, timeoutMs: 30_000 });
  }
  return {
    address,
    arrivals: webhook.arrivals,
    target,
    query,
    arrived(status, labels, { after, timeoutMs }) {
      const wanted = Object.entries(labels);
      const look = () =>
        webhook.arrivals
          .slice((after?.number ?? -1) + 1)
          .find((one) => one.status === status && wanted.every(([label, value]) => one.labels[label] === value));
      return until(look, { what: `${JSON.stringify(labels)} ${status}`, timeoutMs });
    },
    async close() {
      await Promise.all(children.map(endNow));
      await webhook.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writePrometheus(folder: string, manager: string): string {
  const config = parse(readFileSync(path.join(PROMETHEUS_FOLDER, 'prometheus.yml'), 'utf8')) as PrometheusConfig;
  config.global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '500ms' };
  config.alerting.alertmanagers = [{ static_configs: [{ targets: [manager] }] }];
  const [job] = config.scrape_configs.filter((one) => one['job_name'] === 'promvisor');
  if (job === undefined) throw new Error('prometheus.yml: expected a job "promvisor"');
  delete job['static_configs'];
  job['file_sd_configs'] = [{ files: ['targets.json'] }];
  // Pages of the apps' own metrics have no alerts.
  config.scrape_configs = [job];
  const rules = path.join(folder, 'rules');
  mkdirSync(rules);
  for (const file of yamlFiles('rules')) {
    writeFileSync(path.join(rules, path.basename(file)), scaleRules(readFileSync(file, 'utf8')));
  }
  return write(folder, 'prometheus.yml', config);
}

function writeAlertmanager(folder: string, port: number): string {
  const config = parse(readFileSync(path.join(PROMETHEUS_FOLDER, 'alertmanager.yml'), 'utf8')) as AlertmanagerConfig;
  for (const route of [config.route, ...config.route.routes]) {
    route['group_wait'] = '0s';
    route['group_interval'] = '1s';
  }
  for (const { webhook_configs } of config.receivers) {
    for (const hook of webhook_configs) hook.url = `http://127.0.0.1:${port}${new URL(hook.url).pathname}`;
  }
  return write(folder, 'alertmanager.yml', config);
}

function write(folder: string, name: string, config: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, stringify(config));
  return file;
}

async function startWebhook(): Promise<{ arrivals: Arrival[]; port: number; close(): Promise<void> }> {
  const arrivals: Arrival[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as {
        alerts: Omit<Arrival, 'receiver' | 'number'>[];
      };
      const receiver = (request.url ?? '').slice(1);
      for (const { status, labels, annotations } of alerts) {
        arrivals.push({ number: arrivals.length, receiver, status, labels, annotations });
      }
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    arrivals,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function endNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createTcpServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
