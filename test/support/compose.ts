import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DockerComposeEnvironment, type StartedTestContainer, Wait } from 'testcontainers';
import { COMPOSE_FILE, ROOT } from './compose-file.ts';

const START_MS = 180_000;
const READY: Readonly<Record<string, { readonly path: string; readonly port: number }>> = {
  prometheus: { path: '/-/ready', port: 9090 },
  alertmanager: { path: '/-/ready', port: 9093 },
  loki: { path: '/ready', port: 3100 },
  grafana: { path: '/api/health', port: 3000 },
};
const call = promisify(execFile);

export interface ComposeProgram {
  /** How it is called. */
  readonly words: readonly [string, ...string[]];
  readonly version: string;
}

/** The compose of this machine, docker's plugin first; undefined where there is none. */
export async function findCompose(): Promise<ComposeProgram | undefined> {
  for (const words of [['docker', 'compose'], ['docker-compose']] as const) {
    const [program, ...args] = words;
    const asked = await call(program, [...args, 'version', '--short']).catch(() => undefined);
    if (asked !== undefined) return { words, version: asked.stdout.trim() };
  }
  return undefined;
}

export interface ComposeStack {
  /** host:port of a service. */
  address(service: string): string;
  close(): Promise<void>;
}

/**
 * Starts the services of docker-compose.test.yml on free ports, and waits until each is ready.
 * @param program compose of this machine
 * @param prometheusFolder configuration for Prometheus
 * @returns where they are
 */
export async function startStack(program: ComposeProgram, prometheusFolder: string): Promise<ComposeStack> {
  const project = `promvisor-test-${process.pid}`;
  // testcontainers leaves the project's name in the names that the first compose gave containers.
  const nameOf = (service: string) => (/^v?1\./.test(program.version) ? `${project}_${service}_1` : `${service}-1`);
  const environment = new DockerComposeEnvironment(ROOT, COMPOSE_FILE)
    .withProjectName(project)
    .withStartupTimeout(START_MS)
    .withEnvironment({
      PROMVISOR_TEST_PROMETHEUS_FOLDER: prometheusFolder,
      PROMVISOR_TEST_PROMETHEUS_PORT: '0',
      PROMVISOR_TEST_ALERTMANAGER_PORT: '0',
      PROMVISOR_TEST_LOKI_PORT: '0',
      PROMVISOR_TEST_GRAFANA_PORT: '0',
    });
  const [executablePath, ...isPlugin] = program.words;
  if (isPlugin.length === 0) environment.withClientOptions({ executable: { standalone: true, executablePath } });
  for (const [service, { path, port }] of Object.entries(READY))
    environment.withWaitStrategy(nameOf(service), Wait.forHttp(path, port).forStatusCode(200));
  const started = await environment.up();
  return {
    address(service) {
      const container: StartedTestContainer = started.getContainer(nameOf(service));
      return `${container.getHost()}:${container.getMappedPort(READY[service]?.port ?? 0)}`;
    },
    close: async () => {
      await started.down({ removeVolumes: true, timeout: 1000 });
    },
  };
}
