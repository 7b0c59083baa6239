import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { type Engine, makeStackImage, openEngine, type StackImage } from '../support/engine.ts';
import { queryPrometheus } from '../support/prometheus-api.ts';
import { prometheusFolder } from '../support/prometheus-folder.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

const HOST = 'host.docker.internal';
const START_MS = 60_000;
const RESTARTS = 'promvisor_instance_restarts_total{app="api",reason="signal"}';
const RULE = `groups:
  - name: container-test
    rules:
      - alert: ContainerTestRestarts
        expr: increase(${RESTARTS}[10s]) > 0
        labels: { severity: warning }
        annotations: { summary: 'An app was killed.', description: '{{ $labels.app }} on {{ $labels.instance }}' }
`;

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

let engine: Engine = { kind: 'none', reason: 'not looked for yet' };
let image: StackImage = { reason: 'not made yet' };
const containers: StartedTestContainer[] = [];
const networks: StartedNetwork[] = [];

beforeAll(async () => {
  engine = await openEngine();
  image = engine.kind === 'none' ? engine : await makeStackImage();
}, 900_000);

afterAll(async () => {
  try {
    await Promise.all(containers.map((container) => container.stop()));
    await Promise.all(networks.map((network) => network.stop()));
  } finally {
    if (engine.kind === 'running') await engine.close();
  }
}, 120_000);

describe('Prometheus and Alertmanager in containers, with the configuration that is shipped', () => {
  test('a death of an app on the host arrives at a webhook, and so does its end', async (context) => {
    if ('reason' in image) return context.skip(image.reason);
    const { name } = image;
    const home = testHome({ PROMVISOR_HTTP_LISTEN: ':0' });
    await startApps(home, [appOf('api', 'waits.cjs')]);
    const alerts: Alert[] = [];
    const webhook = await startWebhook(alerts);
    const network = await new Network().start();
    networks.push(network);
    await startAlertmanager({ image: name, network, webhook });
    const folder = await prometheusFolder(home);
    writeFileSync(path.join(folder, 'rules', 'container-test.yml'), RULE);
    const prometheus = await startPrometheus({ image: name, network, folder });

    await until(async () => (await queryPrometheus(prometheus, RESTARTS))[0]?.value[1] === '0', {
      what: 'the first scrape',
      timeoutMs: 60_000,
    });
    expect((await queryPrometheus(prometheus, 'up{job="promvisor"}'))[0]?.value[1]).toBe('1');
    const { pid } = await untilStatus(home, 'api', 'running');
    process.kill(pid ?? 0, 'SIGKILL');

    const [firing] = await untilAlert(alerts, 'firing');
    expect(firing?.labels).toMatchObject({ app: 'api', reason: 'signal', job: 'promvisor', severity: 'warning' });
    expect(firing?.annotations['summary']).toBe('An app was killed.');
    expect(firing?.annotations['description']).toMatch(/^api on \S+:\d+$/);
    await untilAlert(alerts, 'resolved');

    const { body } = await askHttp({ address: prometheus, path: '/api/v1/rules' });
    const { groups } = (JSON.parse(body) as { data: { groups: { rules: { name: string; health: string }[] }[] } }).data;
    const unsound = groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== 'ok');
    expect(unsound).toEqual([]);
  }, 180_000);
});

function untilAlert(alerts: readonly Alert[], status: string): Promise<readonly Alert[]> {
  const look = () => {
    const found = alerts.filter(
      (alert) => alert.status === status && alert.labels['alertname'] === 'ContainerTestRestarts',
    );
    if (found.length > 0) return found;
    throw new Error(`alerts so far: ${JSON.stringify(alerts)}`);
  };
  return until(look, { what: `a ${status} alert at the webhook`, timeoutMs: 60_000 });
}

interface Place {
  readonly image: string;
  readonly network: StartedNetwork;
}

async function startAlertmanager({ image, network, webhook }: Place & { readonly webhook: number }): Promise<void> {
  const content = `route: { receiver: test, group_wait: 0s, group_interval: 1s }
receivers:
  - name: test
    webhook_configs: [{ url: "http://${HOST}:${webhook}/", send_resolved: true }]
`;
  containers.push(
    await new GenericContainer(image)
      .withNetwork(network)
      .withNetworkAliases('alertmanager')
      .withExtraHosts([{ host: HOST, ipAddress: 'host-gateway' }])
      .withCopyContentToContainer([{ content, target: '/etc/alertmanager.yml' }])
      .withCommand([
        'prometheus-alertmanager',
        '--config.file=/etc/alertmanager.yml',
        '--storage.path=/tmp/alertmanager',
        '--cluster.listen-address=',
      ])
      .withExposedPorts(9093)
      .withWaitStrategy(Wait.forHttp('/-/ready', 9093))
      .withStartupTimeout(START_MS)
      .start(),
  );
}

/** Gives its address on the host. */
async function startPrometheus({ image, network, folder }: Place & { readonly folder: string }): Promise<string> {
  const started = await new GenericContainer(image)
    .withNetwork(network)
    .withExtraHosts([{ host: HOST, ipAddress: 'host-gateway' }])
    .withBindMounts([{ source: folder, target: '/etc/prometheus', mode: 'ro' }])
    .withCommand(['prometheus', '--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/tmp/prometheus'])
    .withExposedPorts(9090)
    .withWaitStrategy(Wait.forHttp('/-/ready', 9090))
    .withStartupTimeout(START_MS)
    .start();
  containers.push(started);
  return `${started.getHost()}:${started.getMappedPort(9090)}`;
}

/** Keeps the alerts that come; gives its port. */
async function startWebhook(alerts: Alert[]): Promise<number> {
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    alerts.push(...(JSON.parse(Buffer.concat(chunks).toString()) as { alerts: Alert[] }).alerts);
    response.end();
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
