import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { fixture } from '../support/cli.ts';
import { type LoadOptions, type LoadReport, type RunningLoad, startLoad } from '../support/load.ts';
import { until } from '../support/until.ts';

const ENOUGH = 100;
const PERFECT = { failed: 0, failures: [] };
const BOTH = [{ keepAlive: true }, { keepAlive: false }];

const open: { server?: Server | undefined; load?: RunningLoad | undefined } = {};

afterEach(async () => {
  await open.load?.stop();
  await close(open.server);
  open.load = undefined;
  open.server = undefined;
});

async function close(server: Server | undefined): Promise<void> {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server?.listening ? server.close(() => resolve()) : resolve()));
}

async function listen(server: Server): Promise<string> {
  open.server = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Loads a server that answers thus, until enough requests were sent. */
async function loaded(answer: RequestListener, options: Omit<LoadOptions, 'url'>): Promise<LoadReport> {
  return run({ url: `http://${await listen(createServer(answer))}/`, ...options });
}

async function run(options: LoadOptions, enough = ENOUGH): Promise<LoadReport> {
  const load = startLoad(options);
  open.load = load;
  await until(() => load.requests >= enough, { what: `${enough} requests` });
  open.load = undefined;
  return load.stop();
}

const kindsOf = ({ failures }: LoadReport) => [...new Set(failures.map(({ kind }) => kind))];

describe('the load client of reload tests', () => {
  test.each(BOTH)('finds nothing wrong with a server that answers ($keepAlive)', async ({ keepAlive }) => {
    const ports = new Set<number | undefined>();
    const report = await loaded(
      (request, response) => {
        ports.add(request.socket.remotePort);
        response.end('well');
      },
      { keepAlive },
    );
    expect(report).toMatchObject(PERFECT);
    expect(report.bodies.get('well')).toBe(report.requests);
    if (keepAlive) expect(ports.size).toBeLessThanOrEqual(24);
    else expect(ports.size).toBe(report.requests);
  });

  test('speaks TLS', async () => {
    const own = (name: string) => readFileSync(fixture(`servers/${name}`));
    const secrets = { key: own('test-only-key.pem'), cert: own('test-only-certificate.pem') };
    const address = await listen(createTlsServer(secrets, (_request, response) => response.end('well')));
    const report = await run({ url: `https://${address}/`, keepAlive: true });
    expect(report).toMatchObject(PERFECT);
    expect(report.bodies.get('well')).toBe(report.requests);
  });

  test('a kept connection that is closed after `Connection: close` is no failure', async () => {
    const report = await loaded((_request, response) => response.setHeader('Connection', 'close').end('bye'), {
      keepAlive: true,
    });
    expect(report).toMatchObject(PERFECT);
  });

  test('a kept connection that is closed while it is idle is no failure, and is counted', async () => {
    const report = await loaded(
      ({ socket }, response) => response.end('well', () => setImmediate(() => socket.end())),
      // Each connection has its turn every 400 ms: its end has been seen long before.
      { keepAlive: true, concurrency: 40, perSecond: 100 },
    );
    expect(report).toMatchObject(PERFECT);
    expect(report.closedIdle).toBeGreaterThan(0);
  });

  test.each(BOTH)('sees each connection that is reset instead of an answer ($keepAlive)', async ({ keepAlive }) => {
    let resets = 0;
    const report = await loaded(
      ({ socket }, response) => {
        if (Math.random() < 0.8) return response.end('well');
        resets += 1;
        return socket.resetAndDestroy();
      },
      { keepAlive },
    );
    expect(resets).toBeGreaterThan(0);
    expect(report.failed).toBe(resets);
    expect(kindsOf(report)).toEqual(['reset']);
    expect(report.bodies.get('well')).toBe(report.requests - resets);
  });

  test.each(BOTH)('sees an answer that is cut off ($keepAlive)', async ({ keepAlive }) => {
    const report = await loaded(
      ({ socket }, response) => {
        response.setHeader('Content-Length', 1_000);
        response.write('only this', () => socket.end());
      },
      { keepAlive },
    );
    expect(report.failed).toBe(report.requests);
    expect(kindsOf(report)).toEqual(['reset']);
  });

  test('sees a status that is not 200', async () => {
    const report = await loaded((_request, response) => response.writeHead(503).end(), { keepAlive: true });
    expect(report.failed).toBe(report.requests);
    expect(kindsOf(report)).toEqual(['wrong']);
    expect(report.failures[0]?.message).toContain('503');
  });

  test('sees a request that hangs', async () => {
    let asked = 0;
    const report = await loaded(
      (_request, response) => {
        asked += 1;
        if (asked > 1) response.end('well');
      },
      { keepAlive: true, hungMs: 500 },
    );
    expect(report.failures).toMatchObject([{ kind: 'hung', message: 'no answer within 500 ms' }]);
  });

  test('sees that nobody listens', async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const report = await run({ url: `http://127.0.0.1:${port}/`, keepAlive: false });
    expect(report.failed).toBe(report.requests);
    expect(kindsOf(report)).toEqual(['refused']);
  });
});
